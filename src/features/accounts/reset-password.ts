import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { canonicalEmail } from '../../core/email.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { AnswerMailRequest, MailRequests } from '../../core/mail-request.ts'
import type { HashNewPassword } from '../../core/password-policy.ts'
import { createOneAtATime } from '../../core/one-at-a-time.ts'
import type { PasswordResetStore } from '../../core/records/password-reset.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import { hashSecret, randomLinkToken } from '../../core/secrets.ts'
import type { Keeper } from '../directories/index.ts'
import type { accountsEvents } from './audit-events.ts'

/** How long a link works. */
const linkHours = 1

export interface PasswordResets {
  /**
   * Asks for a link, for an account with this address if there is one. Tells nothing about the address: a mail does. Throws
   * `invalid_request`.
   */
  ask(email: string, from: { ip: string; language: Language }): Promise<void>
  /**
   * Sends the link that was asked for. Where there is no account, or a disabled one, there is no mail. Where a directory keeps the
   * password, the mail says where that is: none is made here beside it.
   */
  answer: AnswerMailRequest<'forgot-password'>
  /** Mails a link to an account that is not disabled, and voids those before. False where it is, or has gone, or a directory keeps its password. */
  send(user: User, language: Language): Promise<boolean>
  /** Whom a link is for, while it can be used. Uses nothing up. */
  find(token: string): Promise<{ email: string; name: string } | undefined>
  /**
   * Makes a password the account's. Signs nobody in, and takes no factor away: it ends every session and known device, and a new
   * address that is not confirmed, and the API keys where that is asked for. Nothing when the link cannot be used. Throws
   * `password_rejected`; the link still works then.
   */
  reset(
    token: string,
    request: { password: string; endApiKeys: boolean },
    language: Language,
  ): Promise<{ endedApiKeys: number } | undefined>
}

/** What the link in a mail to choose a new password does. It works once, for an hour, and until the next one. */
export function createPasswordResets(dependencies: {
  users: Pick<UserStore, 'findByLogin'>
  resets: PasswordResetStore
  requests: Pick<MailRequests, 'ask'>
  hashNewPassword: HashNewPassword
  mails: MailWriter<
    MailOf<{
      'reset-password': { link: string; hours: number }
      'password-changed': { link: string }
      'password-elsewhere': { directory: string; link: string }
    }>
  >
  /** The directory that keeps the password of an account; nothing where it is kept here. */
  keeperOf(user: User): Promise<Keeper | undefined>
  audit: Audit<typeof accountsEvents>
  clock: Clock
  issuer: string
}): PasswordResets {
  const { users, resets, requests, hashNewPassword, mails, keeperOf, audit, clock, issuer } = dependencies
  const now = () => new Date(clock.now())
  const oneAtATime = createOneAtATime()

  /** The link of a token and the mail about it. */
  function linkFor(user: User, token: string, language: Language, at: Date) {
    const expiresAt = new Date(at.getTime() + linkHours * 3_600_000)
    const { id: userId, email } = user
    const told = mails.seal({
      kind: 'reset-password',
      to: email,
      userId,
      language: user.locale ?? language,
      facts: { link: `${issuer}/reset-password?token=${token}`, hours: linkHours },
      expiresAt,
    })
    return { reset: { tokenHash: hashSecret(token), userId, email, expiresAt }, mails: [told] }
  }
  /** `ip`: of whoever asked, where no request says so. */
  const noteSent = (user: User, ip?: string) => audit.record({ event: 'user.reset_sent', subject: user.id, ip })

  return {
    async ask(address, { ip, language }) {
      await requests.ask({ kind: 'forgot-password', email: canonicalEmail(address), language, details: {} }, ip)
    },
    async answer({ email, language, token, at, ip }) {
      const user = await users.findByLogin(email)
      if (user === undefined) return { mails: [] }
      const keeper = user.status === 'active' ? await keeperOf(user) : undefined
      if (keeper !== undefined) {
        const told = mails.seal({
          kind: 'password-elsewhere',
          ...{ to: user.email, userId: user.id, language: user.locale ?? language },
          facts: { directory: keeper.title, link: keeper.url ?? '' },
        })
        return { mails: [told] }
      }
      const asked = linkFor(user, token, language, at)
      const link = { kind: 'reset' as const, reset: asked.reset }
      return { mails: asked.mails, link, answered: () => noteSent(user, ip) }
    },
    async send(user, language) {
      if ((await keeperOf(user)) !== undefined) return false
      const at = now()
      const { reset, mails } = linkFor(user, randomLinkToken(), language, at)
      const isOpen = await resets.open({ ...reset, at, mails })
      if (isOpen) noteSent(user)
      return isOpen
    },
    find: (token) => resets.find(hashSecret(token), now()),
    reset: (token, request, language) => oneAtATime(token, () => reset(token, request, language)),
  }

  async function reset(...[token, { password, endApiKeys }, language]: Parameters<PasswordResets['reset']>) {
    const tokenHash = hashSecret(token)
    const user = await resets.find(tokenHash, now())
    if (user === undefined || (await keeperOf(user)) !== undefined) return undefined
    const passwordHash = await hashNewPassword(password, user)
    const told = mails.seal({
      kind: 'password-changed',
      to: user.email,
      userId: user.id,
      language: user.locale ?? language,
      facts: { link: `${issuer}/forgot-password` },
    })
    const done = await resets.use({ tokenHash, passwordHash, endApiKeys, at: now(), mails: [told] })
    if (done === undefined) return undefined
    const { endedApiKeys: ended } = done
    audit.record({ event: 'user.password_reset', subject: user.id })
    if (endApiKeys) audit.record({ event: 'api_keys.ended', subject: user.id, reason: 'password_changed', ended })
    return done
  }
}
