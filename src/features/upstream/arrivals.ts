import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { isOfDomains } from '../../core/email.ts'
import { timeOf, uuidv7 } from '../../core/ids.ts'
import type { Language } from '../../core/language.ts'
import type { MailRequests } from '../../core/mail-request.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { ArrivalKey, ElsewhereStore } from '../../core/records/elsewhere.ts'
import type { IdentityStore } from '../../core/records/identity.ts'
import type { Proof, Wishes } from '../../core/records/interaction.ts'
import type { UserStore } from '../../core/records/user.ts'
import { hashSecret, randomLinkToken, type SecretBox } from '../../core/secrets.ts'
import type { upstreamEvents } from './audit-events.ts'
import type { Account } from './claims.ts'
import { newIdentity, type ProvenAccount } from './link-identity.ts'
import type { Known } from './trips.ts'

/** How long somebody may take to say whose account it is, and how long a mailed link works. */
const [minutes, linkMinutes] = [10, 60]

/** Somebody whom a provider has proven, and whose account is yet to be made, or to be linked. */
export interface Arrived extends ProvenAccount {
  id: string
  known: Known
  account: Account
  roles: string[]
  proofs: Proof[]
  wishes: Wishes
  /** The address that a link was mailed to. */
  mailedTo: string | null
  /** Whether their proof is new enough for a session to begin by it. */
  isRecent: boolean
}

export interface Arrivals {
  keep(returned: Omit<Arrived, 'id' | 'mailedTo' | 'isRecent'>, browser: string): Promise<string>
  /** Uses nothing up. */
  find(key: ArrivalKey): Promise<Arrived | undefined>
  /** Ends one: of any number of calls one resolves to true. */
  consume(key: ArrivalKey): Promise<boolean>
  /**
   * Makes an account of this address with the identity as its way in, and resolves to its id; to nothing where the address, or the
   * account elsewhere, is somebody's already.
   */
  create(proven: ProvenAccount & { account: Pick<Account, 'name'> }, email: string): Promise<string | undefined>
  /**
   * Mails a link to an address, which shows that whoever has the browser reads it; its owner is told in another way where they have an
   * account. The answer is the same either way. `domain`: addresses of this mail domain get no account here.
   */
  mailLink(
    arrived: Arrived,
    browser: string,
    to: { email: string; ip: string; language: Language },
  ): Promise<'mailed' | 'gone' | 'too_many' | 'domain'>
}

/** Those who are proven and have no account here yet. What is kept of them is sealed, and found by their own browser alone. */
export function createArrivals(dependencies: {
  store: ElsewhereStore
  identities: Pick<IdentityStore, 'create'>
  users: Pick<UserStore, 'findByLogin'>
  knownOf(name: string): Known | undefined
  domains: readonly string[]
  mails: MailWriter<
    MailOf<{
      'confirm-provider-address': { provider: string; link: string; minutes: number }
      'provider-address-taken': { provider: string; link: string }
    }>
  >
  requests: Pick<MailRequests, 'mayMail'>
  box: SecretBox
  audit: Audit<typeof upstreamEvents>
  clock: Clock
  issuer: string
}): Arrivals {
  const { store, identities, users, knownOf, domains, mails, requests, box, audit, clock, issuer } = dependencies
  type Sealed = Pick<Arrived, 'account' | 'roles' | 'proofs' | 'wishes'>
  const now = () => new Date(clock.now())

  return {
    async keep({ known, account, roles, proofs, wishes }, browser) {
      const at = clock.now()
      const id = uuidv7(at)
      const sealed = box.seal(JSON.stringify({ account, roles, proofs, wishes } satisfies Sealed), id)
      const expiresAt = new Date(at + minutes * 60_000)
      const { name: provider } = known.provider
      await store.keepArrival({ id, provider, sealed, expiresAt, browserHash: hashSecret(browser) })
      return id
    },
    async find(key) {
      const found = await store.findArrival(key, now())
      const known = found && knownOf(found.provider)
      if (found === undefined || known === undefined) return undefined
      const { id, email: mailedTo } = found
      const { account, ...kept } = JSON.parse(box.open(found.sealed, id)) as Sealed
      const isRecent = timeOf(id) > clock.now() - minutes * 60_000
      return { id, known, account, ...kept, mailedTo, isRecent }
    },
    consume: async (key) => (await store.consumeArrival(key, now())) !== undefined,
    async create(proven, email) {
      if (!isOfDomains(email, domains)) return undefined
      const at = clock.now()
      const createdAt = new Date(at)
      const name = proven.account.name ?? email.slice(0, email.indexOf('@'))
      const user = { id: uuidv7(at), email, name, passwordHash: null, roles: [], emailVerifiedAt: createdAt, createdAt }
      const identity = newIdentity(user.id, proven, at)
      if ((await identities.create(user, identity)) !== 'created') return undefined
      const { id: identity_id, source } = identity
      audit.record({ event: 'identity.linked', subject: user.id, source, identity_id, how: 'new_account' })
      return user.id
    },
    async mailLink({ id, known, account }, browserHash, { email, ip, language }) {
      if (!isOfDomains(email, domains)) return 'domain'
      if (!(await requests.mayMail(email, ip))) return 'too_many'
      const token = randomLinkToken()
      const at = clock.now()
      const expiresAt = new Date(at + linkMinutes * 60_000)
      const owner = await users.findByLogin(email)
      const provider = `${known.provider.title} (${account.label})`
      const confirm = { provider, link: `${issuer}/confirm-provider?token=${token}`, minutes: linkMinutes }
      const mail =
        owner === undefined
          ? mails.seal({ kind: 'confirm-provider-address', to: email, language, facts: confirm, expiresAt })
          : mails.seal({
              ...{ kind: 'provider-address-taken', to: email, userId: owner.id, language: owner.locale ?? language },
              facts: { provider, link: `${issuer}/linked-accounts` },
            })
      const link = { email, tokenHash: hashSecret(token), at: new Date(at), expiresAt, mails: [mail] }
      const isKept = await store.mailArrival({ id, browserHash }, link)
      return isKept ? 'mailed' : 'gone'
    },
  }
}
