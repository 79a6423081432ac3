import type { Audit } from '../../core/audit.ts'
import { canonicalEmail } from '../../core/email.ts'
import { GatehouseError, lastAdministrator } from '../../core/errors.ts'
import { isUuid, uuidv7 } from '../../core/ids.ts'
import type { ImportedHash, PasswordHasher } from '../../core/password-hasher.ts'
import type { HashNewPassword } from '../../core/password-policy.ts'
import type { Clock } from '../../core/clock.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import { adminRole } from '../../core/principal.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import type { Roles } from '../roles/index.ts'
import { canonicalUsername, loginFaultWords, readLogin } from '../../core/username.ts'
import type { accountsEvents } from './audit-events.ts'
import { type Profiles, usernameTaken } from './change-profile.ts'

export interface UserAdministration {
  /** With a password, with a hash that another system made of one, or without. */
  create(request: {
    email: string
    username?: string | undefined
    name: string
    locale?: User['locale'] | undefined
    roles: string[]
    password?: string | undefined
    passwordHash?: string | undefined
  }): Promise<User>
  /** By id, email address or user name. */
  find(idOrEmail: string): Promise<User>
  list: UserStore['list']
  /** Also ends the person's sessions and, where asked to, their API keys. */
  setPassword(
    idOrEmail: string,
    password: string,
    endApiKeys: boolean,
  ): Promise<{ user: User; endedApiKeys: number; apiKeysLeft: number }>
  /**
   * Enabling brings nobody back who asked for the deletion of their account: it is `deleting` then. Throws `last_administrator` for the last
   * administrator where `keepsAdministrator` says so, as `revokeRole` does.
   */
  setStatus(idOrEmail: string, status: 'active' | 'disabled', also?: { keepsAdministrator: boolean }): Promise<User>
  /** Lifts the lockout after failed sign-ins. A new password does so, too. */
  unlock(idOrEmail: string): Promise<User>
  /** Gives a user name, or takes it away with null. Throws `conflict` when it is taken. */
  setUsername(idOrEmail: string, username: string | null): Promise<User>
  grantRole(idOrEmail: string, role: string): Promise<User>
  /** Throws `conflict` where an identity of the person brings the role still. */
  revokeRole(idOrEmail: string, role: string, also?: { keepsAdministrator: boolean }): Promise<User>
  addToGroup(idOrEmail: string, group: string): Promise<User>
  /** Throws `conflict` where an identity of the person brings the group still. */
  removeFromGroup(idOrEmail: string, group: string): Promise<User>
}

/** What an operator may do to accounts. Each change acts on this replica when the call resolves. */
export function createUserAdministration(dependencies: {
  users: UserStore
  roles: Pick<Roles['administration'], 'thereAre'>
  profiles: Pick<Profiles, 'setUsername'>
  hashNewPassword: HashNewPassword
  importHash: PasswordHasher['importHash']
  mails: MailWriter<MailOf<{ 'password-set': { link: string }; 'administrator-made': { link: string } }>>
  audit: Audit<typeof accountsEvents>
  clock: Clock
  issuer: string
  /** Of mails to people who have chosen none. */
  firstLanguage: Language
}): UserAdministration {
  const { users, roles: thereAre, profiles, hashNewPassword, importHash, audit, clock } = dependencies
  const { mails, issuer, firstLanguage } = dependencies

  /** What tells a person of a change that somebody else has made. */
  function mailTo({ id, email, locale }: User, kind: 'password-set' | 'administrator-made') {
    const facts = { link: `${issuer}/forgot-password` }
    return mails.seal({ kind, to: email, userId: id, language: locale ?? firstLanguage, facts })
  }

  async function find(idOrEmail: string): Promise<User> {
    const named = idOrEmail.trim()
    const read = isUuid(named) ? { id: named } : readLogin(named)
    if ('fault' in read) {
      const words = loginFaultWords[read.fault]
      const detail = `There is no such user. What is no id is taken for an email address or a user name, which ${words}.`
      throw new GatehouseError('not_found', { detail })
    }
    const user = await ('id' in read ? users.findById(read.id) : users.findByLogin(read.login))
    if (user === undefined) throw new GatehouseError('not_found', { detail: 'There is no such user.' })
    return user
  }

  /** Applies a change to one user and shows the user after it. */
  async function change(idOrEmail: string, apply: (user: User) => Promise<void>): Promise<User> {
    const user = await find(idOrEmail)
    await apply(user)
    return find(user.id)
  }

  return {
    async create({ email: address, name, locale = null, password, passwordHash: made, ...given }) {
      const email = canonicalEmail(address)
      const username = given.username === undefined ? null : canonicalUsername(given.username)
      const roles = [...new Set(given.roles)]
      const now = clock.now()
      const passwordHash =
        made !== undefined
          ? taken(importHash(made), password)
          : password === undefined
            ? null
            : await hashNewPassword(password, { email, name })
      const createdAt = new Date(now)
      const account = { id: uuidv7(now), email, username, name, locale, emailVerifiedAt: createdAt, createdAt }
      const user = { ...account, passwordHash, roles }
      const outcome = await users.create(user)
      if (outcome === 'email_taken') {
        throw new GatehouseError('conflict', { detail: 'A user with this email address exists already.' })
      }
      if (outcome === 'username_taken') throw usernameTaken()
      if (outcome === 'unknown_role') throw await unknownRole(thereAre)
      audit.record({ event: 'user.created', subject: user.id, roles })
      return find(user.id)
    },
    find,
    list: (wanted) => users.list(wanted),
    async setPassword(idOrEmail, password, endApiKeys) {
      let keys = { endedApiKeys: 0, apiKeysLeft: 0 }
      const user = await change(idOrEmail, async (user) => {
        const passwordHash = await hashNewPassword(password, user)
        const told = [mailTo(user, 'password-set')]
        const set = await users.setPassword(user.id, passwordHash, new Date(clock.now()), { endApiKeys, mails: told })
        if (set === undefined) throw new GatehouseError('not_found', { detail: 'There is no such user.' })
        keys = set
        audit.record({ event: 'user.password_changed', subject: user.id })
        if (endApiKeys) {
          audit.record({
            event: 'api_keys.ended',
            subject: user.id,
            reason: 'password_changed',
            ended: keys.endedApiKeys,
          })
        }
      })
      return { user, ...keys }
    },
    setStatus: (idOrEmail, status, also) =>
      change(idOrEmail, async (user) => {
        const outcome = await users.setStatus(user.id, status, new Date(clock.now()), also)
        if (outcome === 'last_administrator') throw lastAdministrator()
        if (status === 'active' && user.status === 'deleting') return
        audit.record({ event: status === 'disabled' ? 'user.disabled' : 'user.enabled', subject: user.id })
      }),
    unlock: (idOrEmail) =>
      change(idOrEmail, async (user) => {
        await users.unlock(user.id)
        audit.record({ event: 'user.unlocked', subject: user.id })
      }),
    setUsername: (idOrEmail, username) => change(idOrEmail, (user) => profiles.setUsername(user.id, username)),
    grantRole: (idOrEmail, role) =>
      change(idOrEmail, async (user) => {
        const isNews = role === adminRole && !user.roles.includes(role)
        const told = isNews ? [mailTo(user, 'administrator-made')] : []
        if ((await users.grantRole(user.id, role, { mails: told })) === 'unknown_role')
          throw await unknownRole(thereAre)
        audit.record({ event: 'role.granted', subject: user.id, role })
      }),
    revokeRole: (idOrEmail, role, also) =>
      change(idOrEmail, async (user) => {
        const outcome = await users.revokeRole(user.id, role, also)
        if (outcome === 'last_administrator') throw lastAdministrator()
        if (outcome === 'brought') throw brought('role')
        audit.record({ event: 'role.withdrawn', subject: user.id, role })
      }),
    addToGroup: (idOrEmail, group) =>
      change(idOrEmail, async (user) => {
        await users.addToGroup(user.id, group)
        audit.record({ event: 'group.added', subject: user.id, group })
      }),
    removeFromGroup: (idOrEmail, group) =>
      change(idOrEmail, async (user) => {
        if ((await users.removeFromGroup(user.id, group)) === 'brought') throw brought('group')
        audit.record({ event: 'group.removed', subject: user.id, group })
      }),
  }
}

/** Of what an operator has given nothing is left. The rest is the source's. */
function brought(what: 'role' | 'group'): GatehouseError {
  const detail = `An identity of the person brings the ${what}. Take it away at the provider or in the directory.`
  return new GatehouseError('conflict', { detail })
}

/** What is stored of a hash that another system made. Throws `invalid_request`. */
function taken(read: ImportedHash, password: string | undefined): string {
  if (password === undefined && 'stored' in read) return read.stored
  const message = 'stored' in read ? 'A password is given too; one of them counts.' : read.refused
  throw new GatehouseError('invalid_request', { fields: [{ path: '/body/password_hash', message }] })
}

/** Which roles there are instead. */
export async function unknownRole(roles: Pick<Roles['administration'], 'thereAre'>): Promise<GatehouseError> {
  return new GatehouseError('invalid_request', { detail: `No such role can be granted. ${await roles.thereAre()}` })
}
