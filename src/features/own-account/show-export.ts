import type { ApiKey } from '../../core/records/api-key.ts'
import type { AuditRow } from '../../core/records/audit-event.ts'
import type { Session } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import type { AccountExport } from './export-account.ts'

/** What is stored about a person, for them. Each field is named, so that what comes to be stored is not told by accident. */
export function showExport({ user, sessions, apiKeys, trail }: AccountExport, at: Date) {
  return {
    exported_at: at.toISOString(),
    profile: showProfile(user),
    sessions: sessions.map(showSession),
    api_keys: apiKeys.map(showApiKey),
    activity: trail.map((row) => showEvent(row, user.id)),
  }
}

const instant = (at: Date | null) => at?.toISOString() ?? null

function showProfile(user: User) {
  const { id, email, username, name, locale, roles, permissions, status } = user
  const times = { email_verified_at: instant(user.emailVerifiedAt), created_at: instant(user.createdAt) }
  return {
    id,
    email,
    username,
    name,
    locale,
    roles,
    permissions,
    status,
    ...times,
    has_password: user.passwordHash !== null,
  }
}

function showSession({ id, clientId, methods, level, ip, userAgent, ...times }: Session) {
  return {
    ...{ id, client_id: clientId, methods, level, ip, user_agent: userAgent },
    authenticated_at: instant(times.authenticatedAt),
    last_seen_at: instant(times.lastSeenAt),
    expires_at: instant(times.expiresAt),
  }
}

function showApiKey({ id, name, scopes, ...times }: ApiKey) {
  return {
    ...{ id, name, scopes },
    created_at: instant(times.createdAt),
    expires_at: instant(times.expiresAt),
    last_used_at: instant(times.lastUsedAt),
  }
}

/** Of whoever else acted no more is told than that somebody did: who administers is not the person's own data. */
function showEvent({ id, at, event, actor, sessionId, ip, details }: AuditRow, userId: string) {
  const isOwn = actor === null || actor === userId
  return {
    id,
    at: instant(at),
    event,
    by: isOwn ? 'you' : 'another',
    session_id: sessionId,
    ip: isOwn ? ip : null,
    details,
  }
}
