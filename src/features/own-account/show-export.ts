import type { AuditRow } from '../../core/records/audit-event.ts'
import type { PersonalData } from '../../core/records/personal-data.ts'
import type { AccountExport } from './export-account.ts'

/**
 * What is stored about a person, for them; docs/accounts.md says what each part is. Each field is named, so that what comes to be stored
 * is not told by accident.
 */
export function showExport(stored: AccountExport, at: Date) {
  return {
    exported_at: at.toISOString(),
    profile: showProfile(stored),
    sessions: stored.sessions.map(showSession),
    refresh_families: stored.refreshFamilies.map(showFamily),
    grants: stored.consents.map(({ clientId, scopes, grantedAt }) => ({
      ...{ client_id: clientId, scopes, granted_at: instant(grantedAt) },
    })),
    authorizations: stored.authorizations.map(showAuthorization),
    api_keys: stored.apiKeys.map(showApiKey),
    known_devices: stored.knownDevices.map(({ userAgent, ...times }) => ({
      user_agent: userAgent,
      created_at: instant(times.createdAt),
      seen_at: instant(times.seenAt),
      expires_at: instant(times.expiresAt),
      remembered_until: instant(times.rememberedUntil),
    })),
    factors: stored.factors.map(({ id, kind, createdAt, confirmedAt, lastUsedAt }) => ({
      ...{ id, kind, created_at: instant(createdAt) },
      confirmed_at: instant(confirmedAt),
      last_used_at: instant(lastUsedAt),
    })),
    passkeys: stored.passkeys.map(showPasskey),
    recovery_codes_left: stored.recoveryCodesLeft,
    factor_resets: stored.factorResets.map(({ resetAt, expiresAt }) => ({
      reset_at: instant(resetAt),
      link_expires_at: instant(expiresAt),
    })),
    identities: stored.identities.map(showIdentity),
    sign_ins_under_way: stored.interactions.map(showInteraction),
    address_changes: stored.emailChanges.map(showEmailChange),
    password_resets: stored.passwordResets.map(({ expiresAt }) => ({ expires_at: instant(expiresAt) })),
    reserved_usernames: stored.usernameClaims.map(({ releasedAt }) => ({
      is_present: releasedAt === null,
      released_at: instant(releasedAt),
    })),
    mails: stored.mails.map(showMail),
    mail_requests: stored.mailRequests.map(({ createdAt }) => ({ created_at: instant(createdAt) })),
    invitations: stored.invitations.map(showInvitation),
    activity: stored.trail.map((row) => showEvent(row, stored.user.id)),
  }
}

type One<List extends keyof PersonalData> = PersonalData[List] extends readonly (infer Row)[] ? Row : never

const instant = (at: Date | null) => at?.toISOString() ?? null

function showProfile({ user, granted, lockoutToldUntil, linksEndedAt, factorAskedAt }: PersonalData) {
  const { id, email, username, name, locale, roles, groups, permissions, status, unlocks } = user
  return {
    ...{ id, email, username, name, locale, roles, groups, permissions, status },
    granted_roles: granted.roles,
    granted_groups: granted.groups,
    email_verified_at: instant(user.emailVerifiedAt),
    created_at: instant(user.createdAt),
    deletes_at: instant(user.deletesAt),
    has_password: user.passwordHash !== null,
    unlocks,
    lockout_told_until: instant(lockoutToldUntil),
    links_ended_at: instant(linksEndedAt),
    factor_asked_at: instant(factorAskedAt),
  }
}

function showSession({ id, clientId, methods, level, ip, userAgent, remembered, ...ends }: One<'sessions'>) {
  return {
    ...{ id, client_id: clientId, methods, level, ip, user_agent: userAgent, remembered },
    authenticated_at: instant(ends.authenticatedAt),
    last_seen_at: instant(ends.lastSeenAt),
    idle_expires_at: instant(ends.idleExpiresAt),
    expires_at: instant(ends.expiresAt),
    ended_at: instant(ends.revokedAt),
    ended_because: ends.revokedReason,
  }
}

function showFamily({ id, sessionId, clientId, scopes, expiresAt, revokedAt }: One<'refreshFamilies'>) {
  const ends = { expires_at: instant(expiresAt), ended_at: instant(revokedAt) }
  return { id, session_id: sessionId, client_id: clientId, scopes, ...ends }
}

function showAuthorization({ id, sessionId, clientId, scopes, audiences, ...times }: One<'authorizations'>) {
  return {
    ...{ id, session_id: sessionId, client_id: clientId, scopes, audiences },
    created_at: instant(times.createdAt),
    redeemed_at: instant(times.redeemedAt),
    expires_at: instant(times.expiresAt),
    ended_at: instant(times.revokedAt),
  }
}

function showApiKey({ id, name, scopes, ...times }: One<'apiKeys'>) {
  return {
    ...{ id, name, scopes },
    created_at: instant(times.createdAt),
    expires_at: instant(times.expiresAt),
    last_used_at: instant(times.lastUsedAt),
    revoked_at: instant(times.revokedAt),
  }
}

function showPasskey({ id, name, credentialId, counter, transports, ...known }: One<'passkeys'>) {
  return {
    ...{ id, name, credential_id: credentialId, counter, transports },
    backup_eligible: known.backupEligible,
    backed_up: known.backedUp,
    created_at: instant(known.createdAt),
    last_used_at: instant(known.lastUsedAt),
  }
}

function showEmailChange({ fromEmail, toEmail, requestedAt, confirmedAt, expiresAt }: One<'emailChanges'>) {
  const times = { requested_at: instant(requestedAt), confirmed_at: instant(confirmedAt) }
  return { from: fromEmail, to: toEmail, ...times, expires_at: instant(expiresAt) }
}

function showIdentity({ id, source, issuer, subject, label, groups, roles, ...times }: One<'identities'>) {
  return {
    ...{ id, source, issuer, subject, label, groups, roles },
    created_at: instant(times.createdAt),
    last_used_at: instant(times.lastUsedAt),
    checked_at: instant(times.checkedAt),
  }
}

function showInteraction({ proofs, wishes, tries, expiresAt }: One<'interactions'>) {
  const { remember, returnTo, level, clientId } = wishes
  return {
    proofs: proofs.map(({ method, at }) => ({ method, at: instant(new Date(at)) })),
    ...{ remember, return_to: returnTo, acr_values: level, client_id: clientId, tries },
    expires_at: instant(expiresAt),
  }
}

function showMail({ id, kind, language, state, attempts, fault, ...times }: One<'mails'>) {
  return {
    ...{ id, kind, language, state, attempts, fault },
    created_at: instant(times.createdAt),
    queued_at: instant(times.queuedAt),
    due_at: instant(times.dueAt),
    expires_at: instant(times.expiresAt),
    ended_at: instant(times.endedAt),
  }
}

function showInvitation({ username, roles, language, createdAt, expiresAt }: One<'invitations'>) {
  return { username, roles, language, created_at: instant(createdAt), expires_at: instant(expiresAt) }
}

/**
 * Of whoever else acted no more is told than that somebody did, and of whoever else something was done to no more than that: who
 * administers, and what was done to others, is not the person's own data.
 */
function showEvent(row: AuditRow, userId: string) {
  const { id, at, event, subject, actor, clientId, sessionId, ip, requestId, details } = row
  const [isOwn, isAbout] = [actor === null || actor === userId, subject === userId]
  return {
    id,
    at: instant(at),
    event,
    by: isOwn ? 'you' : 'another',
    about: isAbout ? 'you' : subject === null ? null : 'another',
    client_id: clientId,
    session_id: isOwn || isAbout ? sessionId : null,
    ip: isOwn ? ip : null,
    request_id: isOwn ? requestId : null,
    details: isAbout || subject === null ? details : {},
  }
}
