import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { PasskeyFault, ShownCredential } from '../../core/passkey-answers.ts'
import type { Ceremonies, CheckCode } from '../factors/index.ts'
import type { Advance, Device, SignedIn } from './advance.ts'
import type { signInEvents } from './audit-events.ts'
import type { Interactions, UnderWay } from './interactions.ts'
import type { KnownDevices } from './known-devices.ts'

type Ended = { kind: 'ended' }

export interface ContinueSignIn {
  /** Takes a code as the second factor. `ended`: there is no such sign-in, or no more. */
  withCode(
    secret: string | undefined,
    given: { code: string; rememberDevice: boolean },
    device: Device,
  ): Promise<
    | SignedIn
    | Ended
    | { kind: 'wrong_code'; underWay: UnderWay }
    | { kind: 'too_many_failures'; retryAfterSeconds: number; limit: number; underWay: UnderWay }
  >
  /** Takes a passkey of the person as the second factor. */
  withPasskey(
    secret: string | undefined,
    given: { credential: ShownCredential; rememberDevice: boolean },
    device: Device,
  ): Promise<SignedIn | Ended | { kind: 'invalid_passkey'; fault: PasskeyFault; underWay: UnderWay }>
  /** Takes a factor that was set up within the sign-in. `methods`: how the person was proven by it. */
  afterEnrolment(secret: string | undefined, device: Device, methods: readonly string[]): Promise<SignedIn | Ended>
}

/** Takes the second step of a sign-in. Whoever takes it ends the interaction, so that of parallel ones one gets a session. */
export function createContinueSignIn(dependencies: {
  interactions: Interactions
  checkCode: CheckCode
  /** Nothing where there are no passkeys. */
  checkPasskey: Ceremonies['check'] | undefined
  advance: Advance
  knownDevices: Pick<KnownDevices, 'recognise'>
  audit: Audit<typeof signInEvents>
  clock: Clock
}): ContinueSignIn {
  const { interactions, checkCode, checkPasskey, advance, knownDevices, audit, clock } = dependencies

  async function finish(
    secret: string | undefined,
    { user, interaction }: UnderWay,
    device: Device,
    proven: { methods: readonly string[]; rememberDevice?: boolean; passkeyId?: string },
  ): Promise<SignedIn | Ended> {
    if (!(await interactions.consume({ holder: device.holder, secret }))) return { kind: 'ended' }
    const { methods, ...more } = proven
    const at = clock.now()
    const proofs = [...interaction.proofs, ...methods.map((method) => ({ method, at }))]
    const recognised = await knownDevices.recognise(device.known, user.email)
    const { wishes } = interaction
    // The user was read ahead of the use: a password that changes meanwhile lets no session begin.
    const outcome = await advance({ user, proofs, wishes, ...recognised, ...more }, device)
    return outcome.kind === 'signed_in' ? outcome : { kind: 'ended' }
  }

  return {
    async withCode(secret, { code, rememberDevice }, device) {
      const underWay = await interactions.countTry({ holder: device.holder, secret })
      if (underWay === undefined) return { kind: 'ended' }
      const { knownBy } = await knownDevices.recognise(device.known, underWay.user.email)
      const check = await checkCode(underWay.user, code, knownBy)
      if (check.kind === 'too_many_failures') return { ...check, underWay }
      if (check.kind === 'wrong') {
        audit.record({ event: 'sign_in.failed', subject: underWay.user.id, reason: 'wrong_code' })
        return { kind: 'wrong_code', underWay }
      }
      return finish(secret, underWay, device, { methods: ['otp'], rememberDevice })
    },
    async withPasskey(secret, { credential, rememberDevice }, device) {
      const underWay = await interactions.countTry({ holder: device.holder, secret })
      if (underWay === undefined || checkPasskey === undefined) return { kind: 'ended' }
      const { user, interaction } = underWay
      const check = await checkPasskey(
        { purpose: 'second_factor', userId: user.id, holder: interaction.id },
        credential,
      )
      if (check.kind === 'right')
        return finish(secret, underWay, device, { methods: check.methods, passkeyId: check.passkeyId, rememberDevice })
      audit.record({ event: 'sign_in.failed', subject: user.id, reason: 'wrong_passkey' })
      return { kind: 'invalid_passkey', fault: check.kind === 'wrong' ? check.fault : 'unknown', underWay }
    },
    async afterEnrolment(secret, device, methods) {
      const underWay = await interactions.find({ holder: device.holder, secret })
      return underWay === undefined ? { kind: 'ended' } : finish(secret, underWay, device, { methods })
    },
  }
}
