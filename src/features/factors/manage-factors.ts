import { toString as drawQrCode } from 'qrcode'
import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { FactorFacts, FactorStore } from '../../core/records/factor.ts'
import type { User } from '../../core/records/user.ts'
import { hashSecret, type SecretBox } from '../../core/secrets.ts'
import type { factorsEvents } from './audit-events.ts'
import { hashRecoveryCode, newRecoveryCodes } from './recovery-codes.ts'
import { newTotpKey, totpStepOf, totpUriOf } from './totp.ts'

/** How long a key can be confirmed that was shown. */
const proposalSeconds = 3_600

/** Whose factors they are, and to whom mails about them go. */
export type FactorOwner = Pick<User, 'id' | 'email' | 'locale'>

/** What an authenticator app is set up with. `qrCode`: the address as a picture, in SVG. */
export interface ProposedTotp {
  key: string
  uri: string
  qrCode: string
}

/** Who sets a factor up: the session, or the sign-in under way; and what they have beside it. */
export interface SettingUp {
  by: string
  language: Language
  /** Only while the person has none: who has one proves themselves by it before. */
  isFirst: boolean
  /** Of the link that was mailed after an operator's reset. */
  mailboxToken?: string | undefined
}

export type ConfirmOutcome =
  | { kind: 'confirmed'; recoveryCodes: string[] }
  | { kind: 'wrong_code' }
  /** Nothing was proposed, it is too old, or somebody else was quicker. */
  | { kind: 'nothing_proposed' }

export interface FactorManagement {
  of(userId: string): Promise<FactorFacts>
  /** Makes a key, which counts once a code of it was confirmed; a factor that is there counts until then. */
  propose(owner: FactorOwner, by: string): Promise<ProposedTotp>
  /** The key that the same one proposed before, while it can be confirmed. */
  proposed(owner: FactorOwner, by: string): Promise<ProposedTotp | undefined>
  /** Takes the first code. The recovery codes are told here, once, and void those before. */
  confirm(owner: FactorOwner, code: string, how: SettingUp): Promise<ConfirmOutcome>
  /** Takes the app away, and the recovery codes with it. False when there is none. */
  removeTotp(owner: FactorOwner, language: Language): Promise<boolean>
  /** New recovery codes, which void those before. Nothing where there is no factor. */
  renewRecoveryCodes(owner: FactorOwner, language: Language): Promise<string[] | undefined>
}

/** What people do to their own factors. Who they are was proven before: see `fresh` in `http/guard.ts`. */
export function createFactorManagement(dependencies: {
  factors: FactorStore
  box: SecretBox
  mails: MailWriter<
    MailOf<{
      'factor-added': { link: string }
      'factor-removed': { link: string }
      'recovery-codes-made': { link: string }
    }>
  >
  audit: Audit<typeof factorsEvents>
  clock: Clock
  issuer: string
  /** Under which name an authenticator app keeps accounts of this service. */
  serviceName(): string
}): FactorManagement {
  const { factors, box, mails, audit, clock, issuer, serviceName } = dependencies
  const now = () => new Date(clock.now())
  const link = `${issuer}/factors`
  type Kind = 'factor-added' | 'factor-removed' | 'recovery-codes-made'
  const mailOf = (kind: Kind, { id, email, locale }: FactorOwner, language: Language) =>
    mails.seal({ kind, to: email, userId: id, language: locale ?? language, facts: { link } })

  async function show({ email }: FactorOwner, key: string): Promise<ProposedTotp> {
    const uri = totpUriOf(key, { issuer: serviceName(), account: email })
    return { key, uri, qrCode: await drawQrCode(uri, { type: 'svg', errorCorrectionLevel: 'M' }) }
  }
  const makeCodes = (userId: string) => {
    const recoveryCodes = newRecoveryCodes()
    return { recoveryCodes, codeHashes: recoveryCodes.map((code) => hashRecoveryCode(userId, code)) }
  }

  return {
    of: (userId) => factors.of(userId),
    async propose(owner, by) {
      const [id, key, at] = [uuidv7(clock.now()), newTotpKey(), now()]
      const expiresAt = new Date(at.getTime() + proposalSeconds * 1000)
      await factors.propose({ id, userId: owner.id, by, sealedKey: box.seal(key, id), at, expiresAt })
      return show(owner, key)
    },
    async proposed(owner, by) {
      const found = await factors.findProposed(owner.id, by, now())
      return found && show(owner, box.open(found.sealedKey, found.id))
    },
    async confirm(owner, typed, { by, language, isFirst, mailboxToken }) {
      const at = now()
      const { id: userId } = owner
      const found = await factors.findProposed(userId, by, at)
      if (found === undefined) return { kind: 'nothing_proposed' }
      const step = totpStepOf(box.open(found.sealedKey, found.id), typed.replaceAll(/[\s-]/g, ''), at.getTime())
      if (step === undefined) return { kind: 'wrong_code' }
      const { recoveryCodes, codeHashes } = makeCodes(userId)
      const isConfirmed = await factors.confirm({
        ...{ id: found.id, userId, step, codeHashes, at, isFirst },
        mailboxTokenHash: mailboxToken === undefined ? undefined : hashSecret(mailboxToken),
        mails: [mailOf('factor-added', owner, language)],
      })
      if (!isConfirmed) return { kind: 'nothing_proposed' }
      audit.record({ event: 'factor.added', subject: userId, factor: 'totp' })
      return { kind: 'confirmed', recoveryCodes }
    },
    async removeTotp(owner, language) {
      const told = [mailOf('factor-removed', owner, language)]
      const isRemoved = await factors.removeTotp(owner.id, now(), { mails: told })
      if (isRemoved) audit.record({ event: 'factor.removed', subject: owner.id, factor: 'totp' })
      return isRemoved
    },
    async renewRecoveryCodes(owner, language) {
      const { recoveryCodes, codeHashes } = makeCodes(owner.id)
      const told = [mailOf('recovery-codes-made', owner, language)]
      if (!(await factors.replaceRecoveryCodes(owner.id, codeHashes, { mails: told }))) return undefined
      audit.record({ event: 'recovery_codes.made', subject: owner.id })
      return recoveryCodes
    },
  }
}
