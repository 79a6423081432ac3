import { canonicalEmail } from '../../core/email.ts'
import { GatehouseError } from '../../core/errors.ts'
import { isUuid, uuidv7 } from '../../core/ids.ts'
import { passwordFault, type StrengthEstimate } from '../../core/password-policy.ts'
import type { Clock, PasswordHasher, User, UserStore } from '../../core/ports.ts'

export interface UserAdministration {
  create(request: { email: string; name: string; roles: string[]; password?: string | undefined }): Promise<User>
  /** By id or by email address. */
  find(idOrEmail: string): Promise<User>
  list(): Promise<User[]>
  setPassword(idOrEmail: string, password: string): Promise<User>
  setStatus(idOrEmail: string, status: User['status']): Promise<User>
  grantRole(idOrEmail: string, role: string): Promise<User>
  revokeRole(idOrEmail: string, role: string): Promise<User>
}

/** What an operator may do to accounts. Each change acts on this replica when the call resolves. */
export function createUserAdministration(dependencies: {
  users: UserStore
  hasher: Pick<PasswordHasher, 'hash'>
  estimateStrength: StrengthEstimate
  catchUp(): Promise<void>
  clock: Clock
}): UserAdministration {
  const { users, hasher, estimateStrength, catchUp, clock } = dependencies

  async function find(idOrEmail: string): Promise<User> {
    const user = isUuid(idOrEmail)
      ? await users.findById(idOrEmail)
      : await users.findByEmail(canonicalEmail(idOrEmail))
    if (user === undefined) throw new GatehouseError('not_found', { detail: 'There is no such user.' })
    return user
  }

  async function hashOf(password: string, account: { email: string; name: string }): Promise<string> {
    const fault = await passwordFault(password, account, estimateStrength)
    if (fault !== undefined) {
      throw new GatehouseError('password_rejected', { fields: [{ path: '/body/password', message: fault }] })
    }
    return hasher.hash(password)
  }

  /** Applies a change to one user and shows the user after it. */
  async function change(idOrEmail: string, apply: (user: User) => Promise<void>): Promise<User> {
    const user = await find(idOrEmail)
    await apply(user)
    await catchUp()
    return find(user.id)
  }

  return {
    async create({ email: address, name, roles, password }) {
      const email = canonicalEmail(address)
      const now = clock.now()
      const passwordHash = password === undefined ? null : await hashOf(password, { email, name })
      const createdAt = new Date(now)
      const user = { id: uuidv7(now), email, name, passwordHash, roles, emailVerifiedAt: createdAt, createdAt }
      if ((await users.create(user)) === 'email_taken') {
        throw new GatehouseError('conflict', { detail: 'A user with this email address exists already.' })
      }
      return find(user.id)
    },
    find,
    list: () => users.list(),
    setPassword: (idOrEmail, password) =>
      change(idOrEmail, async (user) =>
        users.setPassword(user.id, await hashOf(password, user), new Date(clock.now())),
      ),
    setStatus: (idOrEmail, status) =>
      change(idOrEmail, (user) => users.setStatus(user.id, status, new Date(clock.now()))),
    grantRole: (idOrEmail, role) => change(idOrEmail, (user) => users.grantRole(user.id, role)),
    revokeRole: (idOrEmail, role) => change(idOrEmail, (user) => users.revokeRole(user.id, role)),
  }
}
