import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { canonicalEmail } from '../../core/email.ts'
import { GatehouseError } from '../../core/errors.ts'
import { isUuid, uuidv7 } from '../../core/ids.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { HashNewPassword } from '../../core/password-policy.ts'
import { createOneAtATime } from '../../core/one-at-a-time.ts'
import type { Invitation, InvitationStore } from '../../core/records/invitation.ts'
import { hashSecret, randomLinkToken } from '../../core/secrets.ts'
import { canonicalUsername } from '../../core/username.ts'
import type { Roles } from '../roles/index.ts'
import type { accountsEvents } from './audit-events.ts'
import { usernameTaken } from './change-profile.ts'
import { unknownRole } from './administer-users.ts'

const linkDays = 7

export interface Invitations {
  /**
   * Mails a link by which an account of this address is opened, in place of an earlier one. Throws `conflict` when somebody has
   * the address, and `invalid_request`.
   */
  invite(request: {
    email: string
    username?: string | undefined
    roles: readonly string[]
    locale?: Language | undefined
  }): Promise<Invitation>
  /** Those that can be used, newest first. */
  list(wanted: { before: string | undefined; limit: number }): Promise<Invitation[]>
  /** Throws `not_found`. */
  withdraw(id: string): Promise<void>
  /** Whom a link is for, while it can be used. Uses nothing up. */
  find(token: string): Promise<Invitation | undefined>
  /**
   * Opens the account that an invitation is for; its mail was the proof of the address. False when it cannot be used. Throws
   * `password_rejected`, and `conflict` where its user name or a role has gone; the link still works then.
   */
  accept(request: { invitation: string; name: string; password: string }): Promise<boolean>
}

export function createInvitations(dependencies: {
  invitations: InvitationStore
  roles: Pick<Roles['administration'], 'thereAre'>
  hashNewPassword: HashNewPassword
  mails: MailWriter<MailOf<{ invitation: { link: string; days: number } }>>
  defaultLanguage: Language
  audit: Audit<typeof accountsEvents>
  clock: Clock
  issuer: string
}): Invitations {
  const { invitations, roles: thereAre, hashNewPassword, mails, defaultLanguage, audit, clock, issuer } = dependencies
  const now = () => new Date(clock.now())
  const oneAtATime = createOneAtATime()

  const find = (token: string) => invitations.find(hashSecret(token), now())

  return {
    find,
    async invite({ email: address, locale = defaultLanguage, ...given }) {
      const email = canonicalEmail(address)
      const username = given.username === undefined ? null : canonicalUsername(given.username)
      const token = randomLinkToken()
      const createdAt = now()
      const expiresAt = new Date(createdAt.getTime() + linkDays * 86_400_000)
      const told = mails.seal({
        kind: 'invitation',
        to: email,
        language: locale,
        facts: { link: `${issuer}/invitation?token=${token}`, days: linkDays },
        expiresAt,
      })
      const roles = [...new Set(given.roles)]
      const invitation = {
        id: uuidv7(createdAt.getTime()),
        email,
        username,
        roles,
        language: locale,
        createdAt,
        expiresAt,
      }
      const outcome = await invitations.open({ ...invitation, tokenHash: hashSecret(token), mails: [told] })
      if (outcome === 'unknown_role') throw await unknownRole(thereAre)
      if (outcome === 'username_taken') throw usernameTaken()
      if (outcome === 'email_taken') {
        throw new GatehouseError('conflict', { detail: 'A user with this email address exists already.' })
      }
      audit.record({ event: 'invitation.sent', roles, invitation_id: invitation.id })
      return invitation
    },
    list: (wanted) => invitations.list({ ...wanted, at: now() }),
    async withdraw(id) {
      const isGone = isUuid(id) && (await invitations.withdraw(id))
      if (!isGone) throw new GatehouseError('not_found', { detail: 'There is no such invitation.' })
      audit.record({ event: 'invitation.withdrawn', invitation_id: id })
    },
    accept: (request) => oneAtATime(request.invitation, () => accept(request)),
  }

  async function accept({ invitation: token, name, password }: Parameters<Invitations['accept']>[0]): Promise<boolean> {
    const invitation = await find(token)
    if (invitation === undefined) return false
    const { email, language, roles } = invitation
    const passwordHash = await hashNewPassword(password, { email, name })
    const [id, createdAt] = [uuidv7(clock.now()), now()]
    const user = { id, name, locale: language, passwordHash, createdAt }
    const outcome = await invitations.accept(hashSecret(token), user)
    if (outcome === 'unknown_role' || outcome === 'username_taken') {
      const detail = 'The user name or a role of the invitation is not there any more. Ask for another one.'
      throw new GatehouseError('conflict', { detail })
    }
    if (outcome !== 'created') return false
    audit.record({ event: 'invitation.accepted', subject: id, roles, invitation_id: invitation.id })
    return true
  }
}
