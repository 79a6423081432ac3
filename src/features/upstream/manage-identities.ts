import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { isUuid } from '../../core/ids.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import type { ElsewhereStore } from '../../core/records/elsewhere.ts'
import type { Identity, IdentityStore } from '../../core/records/identity.ts'
import type { SessionStore } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import type { upstreamEvents } from './audit-events.ts'

export interface IdentityManagement {
  /** Of one account, the first one first. */
  of(userId: string): Promise<Identity[]>
  /** What a source is called. */
  titleOf(source: Identity['source']): string
  /**
   * Takes one away, with the roles and groups that it brings, and ends the sessions that were begun by it, but the one that asks: of a
   * directory all of them, since none says which password began it. Never the last way to sign in. The person is told by mail.
   */
  unlink(
    user: User,
    id: string,
    from?: { sessionId?: string | undefined },
  ): Promise<'unlinked' | 'not_found' | 'last_way'>
}

export function createIdentityManagement(dependencies: {
  identities: Pick<IdentityStore, 'of' | 'unlink'>
  elsewhere: Pick<ElsewhereStore, 'endSessions'>
  sessions: Pick<SessionStore, 'revokeAll'>
  titleOf(source: Identity['source']): string
  /** Whether somebody can sign in by an account of a source: it is still in gatehouse.yaml. */
  isUsable(source: Identity['source']): boolean
  /** Whether anybody signs in by a password. */
  takesPasswords: boolean
  tellEnded(ended: { id: string; userId: string; clientId: string }[], reason: string): void
  mails: MailWriter<MailOf<{ 'identity-unlinked': { provider: string; account: string; link: string } }>>
  audit: Audit<typeof upstreamEvents>
  clock: Clock
  issuer: string
  firstLanguage: Language
}): IdentityManagement {
  const { identities, elsewhere, sessions, titleOf, isUsable, takesPasswords } = dependencies
  const { tellEnded, mails, audit, clock, issuer, firstLanguage } = dependencies
  const { of } = identities
  return {
    of,
    titleOf,
    async unlink({ id: userId, email, locale, passwordHash }, id, { sessionId } = {}) {
      const linked = await of(userId)
      const identity = isUuid(id) ? linked.find((one) => one.id === id) : undefined
      if (identity === undefined) return 'not_found'
      const hasPassword = takesPasswords && passwordHash !== null
      const isLast = !linked.some((one) => one.id !== id && isUsable(one.source))
      if (isLast && !hasPassword && isUsable(identity.source)) return 'last_way'
      const { source, issuer: iss, subject, label } = identity
      const facts = { provider: titleOf(source), account: label, link: `${issuer}/linked-accounts` }
      const told = { kind: 'identity-unlinked', to: email, userId, language: locale ?? firstLanguage, facts } as const
      const at = new Date(clock.now())
      const outcome = await identities.unlink(userId, id, at, { mails: [mails.seal(told)] })
      if (outcome !== 'unlinked') return outcome
      audit.record({ event: 'identity.unlinked', subject: userId, source, identity_id: id })
      const [kind, provider = ''] = source.split(':')
      const reason = 'identity_unlinked'
      if (kind === 'directory') {
        const but = sessionId === undefined ? undefined : { sessionId, deviceHashes: [] }
        const ids = await sessions.revokeAll(userId, reason, at, but)
        tellEnded(
          ids.map((one) => ({ id: one, userId, clientId: firstPartyClientId })),
          reason,
        )
        return outcome
      }
      const ended = await elsewhere.endSessions({ provider, issuer: iss, subject }, { reason, at, but: sessionId })
      tellEnded(ended ?? [], reason)
      return outcome
    },
  }
}
