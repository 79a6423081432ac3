import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { isOfDomains } from '../../core/email.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { ElsewhereStore, TripPurpose } from '../../core/records/elsewhere.ts'
import type { Proof, Wishes } from '../../core/records/interaction.ts'
import { hashSecret, randomSecret, type SecretBox } from '../../core/secrets.ts'
import type { upstreamEvents } from './audit-events.ts'
import {
  type Account,
  accountOf,
  isTrustedFor,
  countsAsTwoFactors,
  notAllowedBy,
  type NotAllowed,
  type Proven,
  reachesLevel,
  rolesOf,
} from './claims.ts'
import { clockToleranceSeconds, type ProviderClient } from './provider-client.ts'
import type { Failed } from './provider-faults.ts'
import type { Provider } from './settings.ts'

/** How long a way to a provider and back may take. */
const minutes = 10
/** More than any answer of a provider is long. */
const longestPart = 4_096
/** What of an answer is read (RFC 6749 §4.1.2, RFC 9207). */
const answerParts = ['code', 'state', 'iss', 'error', 'error_description', 'session_state'] as const

/** A provider, and who speaks with it. */
export interface Known {
  provider: Provider
  client: ProviderClient
}

/** What somebody is led to a provider for. */
export interface TripWanted {
  purpose: TripPurpose
  sessionId: string | null
  wishes: Wishes
  loginHint?: string | undefined
}

/** Somebody who came back, and whom the provider has proven. */
export interface Returned {
  kind: 'returned'
  known: Known
  purpose: TripPurpose
  sessionId: string | null
  wishes: Wishes
  account: Account
  /** The roles that follow from the groups. */
  roles: string[]
  proofs: Proof[]
}

/** Why somebody who came back goes no further. */
export type Refusal =
  | { kind: 'unknown_trip' }
  | ({ wishes: Wishes } & (
      | Failed
      /** `unwanted`: who does not fulfil what the operator asks of people of the provider. */
      | { kind: 'refused'; reason: NotAllowed | 'level' | 'age' | 'no_subject'; unwanted: Account | undefined }
    ))

export interface Trips {
  /** Begins a way there. `browser`: what the browser shows, and all of its ways have in common. */
  begin(known: Known, browser: string, wanted: TripWanted): Promise<{ kind: 'address'; url: string } | Failed>
  /** Ends one: what came back is read once, whatever it is. */
  end(known: Known, browser: string | undefined, answer: URLSearchParams): Promise<Returned | Refusal>
}

/**
 * Ways to providers and back (RFC 9700 §2.1). Each is a row that is used up by the first answer to it, of the browser that began it and
 * for the provider that it led to: each provider has an address of its own that it leads back to, and so cannot be taken for another
 * one (RFC 9700 §4.4.2.2).
 */
export function createTrips(dependencies: {
  store: Pick<ElsewhereStore, 'beginTrip' | 'consumeTrip'>
  box: SecretBox
  /** Mail domains of which some source is believed who owns an address. */
  trustedDomains: readonly string[]
  audit: Audit<typeof upstreamEvents>
  clock: Clock
}): Trips {
  const { store, box, trustedDomains, audit, clock } = dependencies

  interface Sealed {
    nonce: string
    verifier: string
    wishes: Wishes
  }

  /** Which levels a provider is asked for: those that it has to reach, or those that stand for two factors where these are wanted. */
  const wantedLevels = ({ acr_values: needed, aal2_when: { acr } }: Provider, { level }: Wishes) =>
    needed.length === 0 && level === 'aal2' ? acr : needed

  async function judge(known: Known, startedAt: Date, purpose: TripPurpose, proven: Proven) {
    const { provider } = known
    const account = accountOf(provider, proven)
    if (account === undefined) return { reason: 'no_subject' } as const
    const notAllowed = notAllowedBy(provider, account, proven)
    if (notAllowed !== undefined) return { reason: notAllowed, unwanted: account } as const
    if (!reachesLevel(provider, account)) return { reason: 'level' } as const
    const notBefore = startedAt.getTime() / 1000 - clockToleranceSeconds
    if (purpose === 'step_up' && !(account.authTime !== undefined && account.authTime >= notBefore)) {
      return { reason: 'age' } as const
    }
    return { account: believed(provider, account) }
  }

  /**
   * Of an address whose domain another source is trusted for, the word of this one is not enough: its person would have the account that
   * the owner of the address is linked to later. It is confirmed by mail.
   */
  function believed(provider: Provider, account: Account): Account {
    const isOfAnother = account.email !== undefined && isOfDomains(account.email, trustedDomains)
    if (trustedDomains.length === 0 || !isOfAnother || isTrustedFor(provider, account)) return account
    return { ...account, emailVerified: false }
  }

  function proofsOf({ provider }: Known, account: Account, idToken: string | undefined): Proof[] {
    const now = clock.now()
    const { issuer, subject, sid, authTime } = account
    const elsewhere = {
      ...{ provider: provider.name, issuer, subject, sid: sid ?? null },
      sealedIdToken: provider.logout && idToken !== undefined ? box.seal(idToken, idTokenContext) : null,
      endsAt: provider.session_hours === undefined ? null : now + provider.session_hours * 3_600_000,
    }
    const at = Math.min(now, authTime === undefined ? now : authTime * 1000)
    const own: Proof = { method: 'fed', at, elsewhere }
    return countsAsTwoFactors(provider, account) ? [own, { method: 'mfa', at }] : [own]
  }

  return {
    async begin({ provider, client }, browser, { purpose, sessionId, wishes, loginHint }) {
      const [state, nonce, verifier] = [randomSecret(), randomSecret(), randomSecret()]
      const asked = { state, nonce, verifier, loginHint, isFresh: purpose === 'step_up' }
      const address = await client.address({ ...asked, acrValues: wantedLevels(provider, wishes) })
      if (address.kind === 'failed') {
        const { reason, code } = address
        audit.record({ event: 'provider.failed', provider: provider.name, reason, code })
        return address
      }
      const now = clock.now()
      const id = uuidv7(now)
      const sealed = box.seal(JSON.stringify({ nonce, verifier, wishes } satisfies Sealed), id)
      await store.beginTrip({
        ...{ id, provider: provider.name, purpose, sessionId, sealed },
        ...{ stateHash: hashSecret(state), browserHash: hashSecret(browser) },
        ...{ startedAt: new Date(now), expiresAt: new Date(now + minutes * 60_000) },
      })
      return address
    },
    async end(known, browser, given) {
      const { provider, client } = known
      const { name } = provider
      const state = given.get('state')
      const answer = new URLSearchParams()
      for (const part of answerParts) for (const value of given.getAll(part)) answer.append(part, value)
      const isTooLong = [...answer.values()].some((value) => value.length > longestPart)
      const trip =
        browser === undefined || state === null || isTooLong
          ? undefined
          : await store.consumeTrip(
              { provider: name, stateHash: hashSecret(state), browserHash: hashSecret(browser) },
              new Date(clock.now()),
            )
      if (trip === undefined || state === null) {
        const reason = isTooLong ? 'too_long' : 'unknown_trip'
        audit.record({ event: 'provider.answer_refused', provider: name, reason })
        return { kind: 'unknown_trip' }
      }
      const { id, purpose, sessionId, startedAt } = trip
      const { nonce, verifier, wishes } = JSON.parse(box.open(trip.sealed, id)) as Sealed
      const proven = await client.redeem(answer, { state, nonce, verifier })
      if (proven.kind === 'failed') {
        const { reason, code } = proven
        audit.record({ event: 'provider.failed', provider: name, reason, code })
        return { ...proven, wishes }
      }
      const judged = await judge(known, startedAt, purpose, proven)
      if (judged.account === undefined) {
        audit.record({ event: 'provider.person_refused', provider: name, reason: judged.reason })
        return { kind: 'refused', reason: judged.reason, unwanted: judged.unwanted, wishes }
      }
      const { account } = judged
      return {
        ...{ kind: 'returned', known, purpose, sessionId, wishes, account },
        roles: rolesOf(provider, account.groups),
        proofs: proofsOf(known, account, proven.idToken),
      }
    },
  }
}

/** What a sealed ID token is bound to. */
export const idTokenContext = 'id token'
