import type { Audit } from '../../core/audit.ts'
import { levelOf, methodsOf } from '../../core/authentication.ts'
import type { Clock } from '../../core/clock.ts'
import type { Language } from '../../core/language.ts'
import type { Proof, Wishes } from '../../core/records/interaction.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { User } from '../../core/records/user.ts'
import type { FactorManagement, FactorReset } from '../factors/index.ts'
import type { EndSession, StartedSession, StartSession } from '../sessions/index.ts'
import type { FactorStore } from '../../core/records/factor.ts'
import type { PasskeyStore } from '../../core/records/passkey.ts'
import type { signInEvents } from './audit-events.ts'
import type { TriedFrom } from './check-password.ts'
import type { Holder, Interactions } from './interactions.ts'
import type { KnownDevices } from './known-devices.ts'
import { enrolByOf, factorNames, isRequiredOf, nextStep, type Step } from './next-step.ts'
import type { FactorPolicy } from './settings.ts'
import type { SignInFrom } from './tell-person.ts'

/** Where a sign-in comes from, and who continues it. */
export interface Device extends TriedFrom {
  userAgent: string
  /** What the person reads. */
  language: Language
  holder: Holder
}

/** A sign-in that ends in a session. `device`: what the browser is known by from now on; `wishes`: what the person wanted. */
export interface SignedIn {
  kind: 'signed_in'
  started: StartedSession
  device: { secret: string; expires: Date } | undefined
  wishes: Wishes
}

/** One that needs more. `secret`: what continues it; `factors`: what the person can prove themselves by. */
export interface Unfinished {
  kind: 'unfinished'
  step: Exclude<Step, 'session'>
  secret: string
  factors: readonly string[]
}

/** What has been proven so far. */
interface Standing {
  user: User
  proofs: readonly Proof[]
  wishes: Wishes
  /** The secret that the browser is known by for this account. */
  knownBy: string | undefined
  /** That, or what it shows otherwise. */
  keeps: string | undefined
  /** The passkey that they were proven by. */
  passkeyId?: string
  /** Whether the person does not want to be asked for their second factor in this browser any more. */
  rememberDevice?: boolean
}

/** Takes a sign-in as far as it gets by what was proven. `account_changed`: the proof counts no more. */
export type Advance = (
  standing: Standing,
  device: Device,
) => Promise<SignedIn | Unfinished | { kind: 'account_changed' }>

/** The one way to a session: whatever was proven, and through whichever door, `nextStep` decides. */
export function createAdvance(dependencies: {
  policy: FactorPolicy
  factors: Pick<FactorManagement, 'of'>
  notes: Pick<FactorStore, 'noteAsked'>
  reset: Pick<FactorReset, 'mailLink'>
  passkeys: Pick<PasskeyStore, 'counts'>
  takesPasskeys: boolean
  interactions: Pick<Interactions, 'open'>
  knownDevices: Pick<KnownDevices, 'remember' | 'isRemembered'>
  startSession: StartSession
  endSession: EndSession
  /** What tells the person of a device that their account has not seen; at most so often a day. */
  newDeviceMails(user: User, from: SignInFrom): Promise<readonly QueuedMail[]>
  audit: Audit<typeof signInEvents>
  clock: Clock
}): Advance {
  const { policy, factors, notes, reset, passkeys, interactions, knownDevices, newDeviceMails, audit, clock } =
    dependencies

  async function factsOf({ user, proofs, knownBy }: Standing) {
    const known = await factors.of(user.id)
    const hasFactor = known.factors.length > 0
    const isAsked = !hasFactor && isRequiredOf(user, policy)
    const now = clock.now()
    const askedAt = isAsked ? (known.askedAt ?? (await notes.noteAsked(user.id, new Date(now)))) : undefined
    const isRemembered = hasFactor && policy.remember_days > 0 && (await knownDevices.isRemembered(user, knownBy))
    const enrolBy = askedAt && enrolByOf(askedAt, policy)
    return { ...known, facts: { ...known, proofs, hasFactor, isRemembered, enrolBy, now } }
  }

  return async (standing, device) => {
    const { user, proofs, wishes, knownBy, keeps, passkeyId, rememberDevice = false } = standing
    const known = await factsOf(standing)
    const step = nextStep(wishes, known.facts)
    if (step !== 'session') {
      const secret = await interactions.open(device.holder, user, proofs, wishes)
      if (secret === undefined) return { kind: 'account_changed' }
      audit.record({ event: 'sign_in.continued', subject: user.id, step })
      if (step === 'enrol' && known.mailboxNeeded) await reset.mailLink(user, device.language)
      return { kind: 'unfinished', step, secret, factors: factorNames(known, dependencies.takesPasskeys) }
    }
    const methods = methodsOf(proofs.map(({ method }) => method))
    const { remember } = wishes
    const proof = { methods, level: levelOf(methods), at: Math.max(...proofs.map(({ at }) => at)) }
    const elsewhere = proofs.find((one) => one.elsewhere)?.elsewhere
    const started = await dependencies.startSession(user, proof, { ...device, remember, elsewhere })
    if (started === undefined) return { kind: 'account_changed' }
    // Taken away since it was tested: what takes it away later ends what has begun here.
    if (passkeyId !== undefined && !(await passkeys.counts(passkeyId))) {
      await dependencies.endSession(started.session.id, 'factor_removed')
      return { kind: 'account_changed' }
    }
    audit.record({ event: 'sign_in.succeeded', subject: user.id, sessionId: started.session.id, methods })
    const mails = knownBy === undefined ? await newDeviceMails(user, { ...device, methods }) : []
    const rememberedDays = rememberDevice && known.facts.hasFactor ? policy.remember_days : 0
    const remembered = { secret: keeps, userAgent: device.userAgent, rememberedDays }
    return { kind: 'signed_in', started, device: await knownDevices.remember(user, remembered, mails), wishes }
  }
}
