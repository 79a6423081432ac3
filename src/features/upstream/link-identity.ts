import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { IdentityStore, NewIdentity } from '../../core/records/identity.ts'
import type { User } from '../../core/records/user.ts'
import type { upstreamEvents } from './audit-events.ts'
import type { Account } from './claims.ts'
import type { Provider } from './settings.ts'

/** Whom a provider has proven, and what follows from it. */
export interface ProvenAccount {
  known: { provider: Pick<Provider, 'name' | 'title'> }
  account: Pick<Account, 'issuer' | 'subject' | 'label' | 'groups'>
  roles: readonly string[]
}

/** An identity as it is stored first. */
export function newIdentity(userId: string, { known, account, roles }: ProvenAccount, at: number): NewIdentity {
  const { issuer, subject, label, groups } = account
  const source = `provider:${known.provider.name}` as const
  return { id: uuidv7(at), userId, source, issuer, subject, label, groups, roles, createdAt: new Date(at) }
}

/**
 * Makes an account elsewhere a way into one here, whose owner has proven both, or is believed to have. The person is told by mail.
 * `not_verified`: an account whose address nobody has shown to read is linked to nothing.
 */
export type LinkIdentity = (
  user: User,
  proven: ProvenAccount,
  how: 'by_person' | 'trusted_email',
) => Promise<'linked' | 'taken' | 'account_changed' | 'not_verified'>

export function createLinkIdentity(dependencies: {
  identities: Pick<IdentityStore, 'link'>
  mails: MailWriter<MailOf<{ 'identity-linked': { provider: string; account: string; link: string } }>>
  audit: Audit<typeof upstreamEvents>
  clock: Clock
  issuer: string
  firstLanguage: Language
}): LinkIdentity {
  const { identities, mails, audit, clock, issuer, firstLanguage } = dependencies
  return async (user, proven, how) => {
    if (user.emailVerifiedAt === null) return 'not_verified'
    const { id, email, locale, passwordHash: provenHash } = user
    const identity = newIdentity(id, proven, clock.now())
    const { known, account } = proven
    const facts = { provider: known.provider.title, account: account.label, link: `${issuer}/linked-accounts` }
    const told = mails.seal({
      kind: 'identity-linked',
      to: email,
      userId: id,
      language: locale ?? firstLanguage,
      facts,
    })
    const outcome = await identities.link(identity, { provenHash, mails: [told] })
    if (outcome === 'linked') {
      const { source } = identity
      audit.record({ event: 'identity.linked', subject: id, source, identity_id: identity.id, how })
    }
    return outcome
  }
}
