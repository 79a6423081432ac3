import type { Clock } from '../../core/clock.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { Interaction, InteractionStore, Proof, Wishes } from '../../core/records/interaction.ts'
import type { User } from '../../core/records/user.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'

/** How long a sign-in may take. */
const minutes = 10
/** Codes that may be tried in one, whatever else counts them. */
const maxTries = 10

/** Who continues a sign-in: a browser by its cookie, or a program by its `mfa_token`. Neither does by what the other has. */
export type Holder = 'browser' | 'program'

/** What continues a sign-in. */
interface Continuation {
  holder: Holder
  secret: string | undefined
}

/** A sign-in under way, and whose it is. */
export interface UnderWay {
  interaction: Interaction
  user: User
}

export interface Interactions {
  /** Begins one. Resolves to the secret that continues it; to nothing when the account has changed since its password was verified. */
  open(holder: Holder, user: User, proofs: readonly Proof[], wishes: Wishes): Promise<string | undefined>
  find(continuation: Continuation): Promise<UnderWay | undefined>
  /** As `find`, and counts a try, of which each sign-in has few. */
  countTry(continuation: Continuation): Promise<UnderWay | undefined>
  /** Ends one: of any number of calls one resolves to true. */
  consume(continuation: Continuation): Promise<boolean>
}

/** Sign-ins under way (decision 45). Their secrets are kept as hashes, like those of sessions. */
export function createInteractions(dependencies: { store: InteractionStore; clock: Clock }): Interactions {
  const { store, clock } = dependencies
  const now = () => new Date(clock.now())
  /** Hashed with its holder: the value of a cookie is no `mfa_token`. */
  const hashOf = ({ holder, secret }: Continuation) => hashSecret(`${holder} ${secret}`)
  return {
    async open(holder, user, proofs, wishes) {
      const secret = randomSecret()
      const at = clock.now()
      const expiresAt = new Date(at + minutes * 60_000)
      const interaction = { id: uuidv7(at), userId: user.id, proofs, wishes, expiresAt }
      const isOpen = await store.open({ ...interaction, secretHash: hashOf({ holder, secret }) }, user.passwordHash)
      return isOpen ? secret : undefined
    },
    find: async (by) => (by.secret === undefined ? undefined : store.find(hashOf(by), now())),
    countTry: async (by) => (by.secret === undefined ? undefined : store.countTry(hashOf(by), now(), maxTries)),
    consume: async (by) => by.secret !== undefined && store.consume(hashOf(by), now()),
  }
}
