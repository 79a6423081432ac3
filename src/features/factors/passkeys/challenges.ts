import type { Clock } from '../../../core/clock.ts'
import type { ChallengePurpose, Passkey, PasskeyStore } from '../../../core/records/passkey.ts'
import type { User } from '../../../core/records/user.ts'
import { hashSecret, randomSecret } from '../../../core/secrets.ts'
import { algorithms } from './webauthn.ts'

/** How long somebody may take. */
const challengeSeconds = 300

/** Whose passkey is asked for, and what for. `holder`: the session, or the sign-in under way. Of whoever signs in nobody knows either. */
export type Asked =
  { purpose: 'sign_in' } | { purpose: Exclude<ChallengePurpose, 'sign_in'>; userId: string; holder: string }

/** A `PublicKeyCredentialRequestOptionsJSON` (Web Authentication Level 3 §5.1.9). */
interface RequestOptions {
  challenge: string
  rpId: string
  timeout: number
  userVerification: 'required'
  allowCredentials: Named[]
}
/** A `PublicKeyCredentialCreationOptionsJSON`. */
interface CreationOptions {
  challenge: string
  rp: { id: string; name: string }
  user: { id: string; name: string; displayName: string }
  pubKeyCredParams: { type: 'public-key'; alg: number }[]
  timeout: number
  attestation: 'none'
  authenticatorSelection: { residentKey: 'required'; requireResidentKey: true; userVerification: 'required' }
  excludeCredentials: Named[]
}
interface Named {
  id: string
  type: 'public-key'
  transports: string[]
}

export interface Challenges {
  /** What a browser is given to ask for a passkey: of whoever signs in for any, otherwise for those of the person. */
  toShow(asked: Asked): Promise<RequestOptions>
  /** What a browser is given to make a passkey, on an authenticator that has none of the person's. */
  toMake(owner: Pick<User, 'id' | 'email' | 'name'>, holder: string): Promise<CreationOptions>
  /** Uses the challenge up that was answered. False: it is unknown, too old or used, or was made for something else. */
  use(asked: Asked, challenge: string | undefined): Promise<boolean>
}

/** Challenges are kept in SQL, as hashes, so that any replica takes the answer, and takes it once. */
export function createChallenges(dependencies: {
  passkeys: Pick<PasskeyStore, 'openChallenge' | 'useChallenge' | 'listOf'>
  clock: Clock
  rpId: string
  /** Under which name browsers keep passkeys of this service. */
  serviceName(): string
}): Challenges {
  const { passkeys, clock, rpId, serviceName } = dependencies
  const keyOf = (asked: Asked, challenge: string) => ({
    challengeHash: hashSecret(challenge),
    ...(asked.purpose === 'sign_in' ? { purpose: asked.purpose, userId: null, holder: null } : asked),
  })
  async function open(asked: Asked): Promise<string> {
    const challenge = randomSecret()
    const expiresAt = new Date(clock.now() + challengeSeconds * 1000)
    await passkeys.openChallenge({ ...keyOf(asked, challenge), expiresAt })
    return challenge
  }
  const named = ({ credentialId: id, transports }: Passkey) => ({ id, type: 'public-key' as const, transports })
  const timeout = challengeSeconds * 1000
  return {
    async toShow(asked) {
      const known = asked.purpose === 'sign_in' ? [] : await passkeys.listOf(asked.userId)
      const challenge = await open(asked)
      return { challenge, rpId, timeout, userVerification: 'required', allowCredentials: known.map(named) }
    },
    async toMake({ id: userId, email, name }, holder) {
      const known = await passkeys.listOf(userId)
      return {
        challenge: await open({ purpose: 'registration', userId, holder }),
        rp: { id: rpId, name: serviceName() },
        user: { id: userHandleOf(userId), name: email, displayName: name },
        pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
        timeout,
        // Nobody is kept out by the make of their authenticator, so nobody is asked for it.
        attestation: 'none',
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
        excludeCredentials: known.map(named),
      }
    },
    use: async (asked, challenge) =>
      challenge !== undefined && passkeys.useChallenge(keyOf(asked, challenge), new Date(clock.now())),
  }
}

/** By what an authenticator knows somebody (§5.4.3, "user handle"): the 16 bytes of their id, as base64url. */
export function userHandleOf(userId: string): string {
  return Buffer.from(userId.replaceAll('-', ''), 'hex').toString('base64url')
}
