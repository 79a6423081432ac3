import type { Audit } from '../../../core/audit.ts'
import { methodsOfPasskey } from '../../../core/authentication.ts'
import type { Clock } from '../../../core/clock.ts'
import { uuidv7 } from '../../../core/ids.ts'
import type { MailOf, MailWriter } from '../../../core/mail.ts'
import type { NewCredential, PasskeyFault } from '../../../core/passkey-answers.ts'
import type { Passkey, PasskeyStore } from '../../../core/records/passkey.ts'
import { hashSecret } from '../../../core/secrets.ts'
import type { factorsEvents } from '../audit-events.ts'
import type { FactorOwner, SettingUp } from '../manage-factors.ts'
import { hashRecoveryCode, newRecoveryCodes } from '../recovery-codes.ts'
import type { Challenges } from './challenges.ts'
import { challengeIn, type RelyingParty, verifyNewCredential } from './webauthn.ts'

/** How many one person may have. */
const most = 20

type AddOutcome =
  /** `recoveryCodes`: of whoever had no factor before; told here, once. `methods`: how the person was proven by it. */
  | { kind: 'added'; passkey: Passkey; recoveryCodes: string[] | undefined; methods: string[] }
  | { kind: 'wrong'; fault: PasskeyFault }
  /** Somebody else was quicker, or the passkey is known already. */
  | { kind: 'refused' }
  | { kind: 'too_many' }

/** Takes a new passkey, whose challenge is used up. */
export type AddPasskey = (
  owner: FactorOwner,
  given: { name: string; credential: NewCredential },
  how: SettingUp,
) => Promise<AddOutcome>

/** A first one brings recovery codes, as a first app does: whoever loses it would get in no more. */
export function createAddPasskey(dependencies: {
  passkeys: Pick<PasskeyStore, 'add'>
  challenges: Pick<Challenges, 'use'>
  rp: RelyingParty
  mails: MailWriter<MailOf<{ 'passkey-added': { name: string; link: string } }>>
  audit: Audit<typeof factorsEvents>
  clock: Clock
  issuer: string
}): AddPasskey {
  const { passkeys, challenges, rp, mails, audit, clock, issuer } = dependencies
  return async (owner, { name, credential }, { by, language, isFirst, mailboxToken }) => {
    const { id: userId } = owner
    const challenge = challengeIn(credential)
    const asked = { purpose: 'registration', userId, holder: by } as const
    if (challenge === undefined || !(await challenges.use(asked, challenge))) return { kind: 'wrong', fault: 'stale' }
    const verified = await verifyNewCredential(credential, challenge, rp)
    if (typeof verified === 'string') return { kind: 'wrong', fault: verified }
    const now = clock.now()
    const { id: credentialId } = credential
    const { transports = [] } = credential.response
    const passkey = {
      ...{ id: uuidv7(now), userId, name, credentialId, transports, ...verified },
      ...{ createdAt: new Date(now), lastUsedAt: null },
    }
    const facts = { name, link: `${issuer}/factors` }
    const recoveryCodes = newRecoveryCodes()
    const outcome = await passkeys.add({
      ...passkey,
      ...{ by, isFirst, most, codeHashes: recoveryCodes.map((code) => hashRecoveryCode(userId, code)) },
      mailboxTokenHash: mailboxToken === undefined ? undefined : hashSecret(mailboxToken),
      mails: [
        mails.seal({ kind: 'passkey-added', to: owner.email, userId, language: owner.locale ?? language, facts }),
      ],
    })
    if (outcome === 'refused' || outcome === 'too_many') return { kind: outcome }
    audit.record({ event: 'factor.added', subject: userId, factor: 'passkey' })
    const methods = methodsOfPasskey(passkey)
    return { kind: 'added', passkey, methods, recoveryCodes: outcome === 'first' ? recoveryCodes : undefined }
  }
}
