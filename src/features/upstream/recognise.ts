import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { isOfDomains } from '../../core/email.ts'
import type { IdentityStore } from '../../core/records/identity.ts'
import type { Proof, Wishes } from '../../core/records/interaction.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import type { upstreamEvents } from './audit-events.ts'
import type { Arrivals } from './arrivals.ts'
import { type Account, isTrustedFor } from './claims.ts'
import type { LinkIdentity } from './link-identity.ts'
import type { Provider } from './settings.ts'
import type { Returned } from './trips.ts'

/** What becomes of somebody whom a provider has proven. */
type Recognised =
  /** Whose account it is; their sign-in goes on. */
  | { kind: 'known'; user: User; proofs: readonly Proof[]; wishes: Wishes }
  /** Somebody whose account is going to be deleted, or who has none yet: the browser shows the rest by the id of this arrival. */
  | { kind: 'arrived'; arrivalId: string }
  | { kind: 'no_account' | 'user_disabled' }

/**
 * What is done for somebody who is not known yet. `existing`: whose address here is the one that the provider tells. An account is
 * linked by its address alone where the provider is believed about that domain, and where its address was verified here too: whoever
 * has made an account with an address that is not theirs would otherwise be linked to its owner. `hasAnother`: somebody of the provider
 * has that account already, and the address may have passed on from them to whoever comes now.
 */
function firstStep(
  provider: Pick<Provider, 'trust_email_for' | 'first_sign_in'>,
  account: Account,
  existing: (Pick<User, 'status' | 'emailVerifiedAt'> & { hasAnother: boolean }) | undefined,
  domains: readonly string[],
): 'link' | 'create' | 'ask' | 'refuse' {
  const isTheirs = existing?.status === 'active' && existing.emailVerifiedAt !== null && !existing.hasAnother
  if (isTheirs && isTrustedFor(provider, account)) return 'link'
  if (provider.first_sign_in !== 'create') return provider.first_sign_in
  const isFree = existing === undefined && account.emailVerified && isOfDomains(account.email!, domains)
  return isFree ? 'create' : 'ask'
}

export type Recognise = (returned: Returned, browser: string) => Promise<Recognised>

/** Finds whose an account at a provider is, by issuer and subject alone, or begins what makes it somebody's. */
export function createRecognise(dependencies: {
  identities: Pick<IdentityStore, 'find' | 'of' | 'note'>
  users: Pick<UserStore, 'findById' | 'findByLogin'>
  arrivals: Pick<Arrivals, 'keep' | 'create'>
  linkIdentity: LinkIdentity
  /** Mail domains that may register; none: all. */
  domains: readonly string[]
  audit: Audit<typeof upstreamEvents>
  clock: Clock
}): Recognise {
  const { identities, users, arrivals, linkIdentity, domains, audit, clock } = dependencies
  return async (returned, browser) => {
    const { account, known, proofs, wishes, roles } = returned
    const { provider } = known
    const refuse = (kind: 'no_account' | 'user_disabled', subject?: string) => {
      audit.record({ event: 'provider.person_refused', provider: provider.name, reason: kind, subject })
      return { kind }
    }
    const found = await identities.find(account.issuer, account.subject)
    if (found !== undefined) {
      const { identity, user } = found
      if (user.status === 'disabled') return refuse('user_disabled', user.id)
      if (user.status === 'deleting') return { kind: 'arrived', arrivalId: await arrivals.keep(returned, browser) }
      const { label, groups } = account
      await identities.note(identity.id, { label, groups, roles }, { at: new Date(clock.now()), isUsed: true })
      // Read anew: what they may do follows from what was noted.
      const present = await users.findById(user.id)
      return present === undefined ? refuse('no_account') : { kind: 'known', user: present, proofs, wishes }
    }
    const owner = account.email === undefined ? undefined : await users.findByLogin(account.email)
    const existing = owner && { ...owner, hasAnother: await isOfProvider(owner.id) }
    const step = firstStep(provider, account, existing, domains)
    if (step === 'refuse') return refuse('no_account')
    if (step === 'link' && existing !== undefined) {
      const outcome = await linkIdentity(existing, returned, 'trusted_email')
      if (outcome === 'linked') return knownNow(existing.id)
    }
    if (step === 'create') {
      const made = await arrivals.create(returned, account.email!)
      if (made !== undefined) return knownNow(made)
    }
    return { kind: 'arrived', arrivalId: await arrivals.keep(returned, browser) }

    async function isOfProvider(userId: string): Promise<boolean> {
      return (await identities.of(userId)).some(({ source }) => source === `provider:${provider.name}`)
    }
    async function knownNow(userId: string): Promise<Recognised> {
      const user = await users.findById(userId)
      return user === undefined ? { kind: 'no_account' } : { kind: 'known', user, proofs, wishes }
    }
  }
}
