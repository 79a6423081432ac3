import type { PasskeyStore } from '../../../core/records/passkey.ts'
import { type AddPasskey, createAddPasskey } from './add-passkey.ts'
import { type Challenges, createChallenges } from './challenges.ts'
import { type CheckPasskey, createCheckPasskey } from './check-passkey.ts'

/** What is done with passkeys where there are some. */
export interface Ceremonies {
  readonly challenges: Challenges
  /** The one place where passkeys are tested. */
  readonly check: CheckPasskey
  readonly add: AddPasskey
}

type Dependencies<Make extends (given: never) => unknown> = Omit<
  Parameters<Make>[0],
  'challenges' | 'rp' | 'rpId' | 'passkeys'
>

/** `rpId`: the domain that they are made for. */
export function createCeremonies(
  given: { rpId: string; passkeys: PasskeyStore } & Dependencies<typeof createChallenges> &
    Dependencies<typeof createCheckPasskey> &
    Dependencies<typeof createAddPasskey>,
): Ceremonies {
  const rp = { id: given.rpId, origin: new URL(given.issuer).origin }
  const challenges = createChallenges(given)
  const known = { ...given, rp, challenges }
  return { challenges, check: createCheckPasskey(known), add: createAddPasskey(known) }
}
