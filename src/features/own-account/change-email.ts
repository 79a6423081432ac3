import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { canonicalEmail, isOfDomains } from '../../core/email.ts'
import { GatehouseError } from '../../core/errors.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { Language } from '../../core/language.ts'
import type { MailRequests } from '../../core/mail-request.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import { createOneAtATime } from '../../core/one-at-a-time.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { EmailChangeStore } from '../../core/records/email-change.ts'
import type { UserStore } from '../../core/records/user.ts'
import { hashSecret, randomLinkToken } from '../../core/secrets.ts'
import type { ownAccountEvents } from './audit-events.ts'
import type { From } from './change-password.ts'
import type { NotProven, ProveOwner } from './prove-owner.ts'

/** How long the links work: to confirm a new address, and to take the former one back. */
const [confirmHours, undoHours] = [24, 72]
/** How long the link to a new password works that comes with an address that was taken back. */
const resetHours = 1
const hour = 3_600_000

export interface EmailChanges {
  /**
   * Asks for another address, which counts once it is confirmed from its own mailbox. The answer is the same whether or not
   * somebody has it. The present address is told, with a link that stops it. Throws `invalid_request`, and `registration_closed` for
   * an address of another mail domain than may register.
   */
  request(
    person: UserPrincipal,
    request: { email: string; password: string },
    from: From,
  ): Promise<{ kind: 'requested' } | NotProven>
  /** The new address that a link confirms, while it can be used. Uses nothing up. */
  findPending(token: string): Promise<string | undefined>
  /** `language`: what is read where no language is kept. Makes the new address that of the account. False when the link cannot be used, or the address is somebody's now. */
  confirm(token: string, language: Language): Promise<boolean>
  /** What a link in a mail to the former address takes back, while it can. Uses nothing up. */
  findUndoable(token: string): Promise<{ fromEmail: string; isConfirmed: boolean } | undefined>
  /**
   * Stops a change, or takes it back: then the account has its former address again, all its sessions and newer API keys are
   * ended, and a link to a new password is mailed there. It signs nobody in, so that an old mailbox alone opens nothing.
   */
  undo(token: string, language: Language): Promise<'stopped' | 'taken_back' | undefined>
}

export function createEmailChanges(dependencies: {
  emailChanges: EmailChangeStore
  users: Pick<UserStore, 'findByLogin'>
  proveOwner: ProveOwner
  requests: Pick<MailRequests, 'mayMail'>
  mails: MailWriter<
    MailOf<{
      'confirm-email': { link: string; hours: number }
      'address-taken': { link: string }
      'email-change-requested': { link: string }
      'email-changed': { link: string; hours: number }
      'email-taken-back': { link: string; hours: number }
    }>
  >
  /** The hashes under which an address is stored beside mails. */
  recipientsOf(email: string): string[]
  /** Mail domains that may register; empty: all. */
  domains: readonly string[]
  /** Of mails to people who have chosen none. */
  defaultLanguage: Language
  audit: Audit<typeof ownAccountEvents>
  clock: Clock
  issuer: string
}): EmailChanges {
  const { emailChanges, users, proveOwner, requests, mails, recipientsOf, domains, defaultLanguage } = dependencies
  const { audit, clock, issuer } = dependencies
  const now = () => new Date(clock.now())
  const inHours = (hours: number) => new Date(clock.now() + hours * hour)
  const oneAtATime = createOneAtATime()
  const undoLink = (token: string) => `${issuer}/undo-email?token=${token}`

  return {
    async request(person, { email: address, password }, from) {
      const toEmail = canonicalEmail(address)
      if (!isOfDomains(toEmail, domains)) throw otherDomain()
      const proof = await proveOwner(person, password, from, 'email')
      if (proof.kind !== 'proven') return proof
      const { user } = proof
      if (toEmail === user.email) throw sameAddress()
      const language = user.locale ?? from.language
      const [confirmToken, stopToken, expiresAt] = [randomLinkToken(), randomLinkToken(), inHours(confirmHours)]
      const owner = await users.findByLogin(toEmail)
      const confirmLink = { link: `${issuer}/confirm-email?token=${confirmToken}`, hours: confirmHours }
      const toNew =
        owner === undefined
          ? mails.seal({ kind: 'confirm-email', to: toEmail, userId: user.id, language, facts: confirmLink, expiresAt })
          : // What whoever asks reads is nothing to its owner.
            mails.seal({
              kind: 'address-taken',
              to: toEmail,
              userId: owner.id,
              language: owner.locale ?? defaultLanguage,
              facts: { link: `${issuer}/login` },
            })
      const toOld = mails.seal({
        kind: 'email-change-requested',
        to: user.email,
        userId: user.id,
        language,
        facts: { link: undoLink(stopToken) },
        expiresAt,
      })
      const opened = await emailChanges.open(
        {
          id: uuidv7(clock.now()),
          userId: user.id,
          fromEmail: user.email,
          toEmail,
          confirmHash: hashSecret(confirmToken),
          stopHash: hashSecret(stopToken),
          requestedAt: now(),
          expiresAt,
          // Whoever floods a stranger's mailbox learns nothing from the answer.
          mails: (await requests.mayMail(toEmail, from.ip)) ? [toOld, toNew] : [toOld],
        },
        user.passwordHash,
      )
      if (!opened) return { kind: 'wrong_password' }
      audit.record({ event: 'email.change_requested', subject: user.id })
      return { kind: 'requested' }
    },
    findPending: async (token) => (await emailChanges.findPending(hashSecret(token), now()))?.change.toEmail,
    confirm: (token, language) => oneAtATime(token, () => confirm(token, language)),
    undo: (token, language) => oneAtATime(token, () => undo(token, language)),
    async findUndoable(token) {
      const found = await emailChanges.findUndoable(hashSecret(token), now())
      return found && { fromEmail: found.change.fromEmail, isConfirmed: found.change.confirmedAt !== null }
    },
  }

  async function confirm(token: string, language: Language): Promise<boolean> {
    const confirmHash = hashSecret(token)
    const pending = await emailChanges.findPending(confirmHash, now())
    if (pending === undefined) return false
    const { user, change } = pending
    const [undoToken, undoUntil] = [randomLinkToken(), inHours(undoHours)]
    const told = mails.seal({
      kind: 'email-changed',
      to: change.fromEmail,
      userId: user.id,
      language: user.locale ?? language,
      facts: { link: undoLink(undoToken), hours: undoHours },
      expiresAt: undoUntil,
    })
    const hashes = { confirmHash, undoHash: hashSecret(undoToken), formerRecipients: recipientsOf(change.fromEmail) }
    const use = { ...hashes, undoUntil, at: now(), mails: [told] }
    if (!(await emailChanges.confirm(use))) return false
    audit.record({ event: 'email.changed', subject: user.id })
    return true
  }

  async function undo(token: string, language: Language): ReturnType<EmailChanges['undo']> {
    const undoHash = hashSecret(token)
    const found = await emailChanges.findUndoable(undoHash, now())
    if (found === undefined) return undefined
    const { user, change } = found
    const [resetToken, expiresAt] = [randomLinkToken(), inHours(resetHours)]
    const told = mails.seal({
      kind: 'email-taken-back',
      to: change.fromEmail,
      userId: user.id,
      language: user.locale ?? language,
      facts: { link: `${issuer}/reset-password?token=${resetToken}`, hours: resetHours },
      expiresAt,
    })
    const reset = { tokenHash: hashSecret(resetToken), expiresAt }
    const outcome = await emailChanges.undo({ undoHash, at: now(), reset, mails: [told] })
    if (outcome === 'stopped') audit.record({ event: 'email.change_stopped', subject: user.id })
    if (outcome === 'taken_back') audit.record({ event: 'email.taken_back', subject: user.id })
    return outcome
  }
}

function sameAddress(): GatehouseError {
  return new GatehouseError('invalid_request', {
    fields: [{ path: '/body/email', message: 'is the address of this account already' }],
  })
}

function otherDomain(): GatehouseError {
  return new GatehouseError('registration_closed', { detail: 'Addresses of this mail domain cannot be had here.' })
}
