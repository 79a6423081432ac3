import { type Static, Type } from '../../json-schema.ts'
import type { User } from '../../core/records/user.ts'
import { administers, keepingAnAdministrator, ListedName } from '../../http/admin-schema.ts'
import { PageOf, pageAsked, pageOf } from '../../http/lists.ts'
import {
  Email,
  IdOrEmail,
  Instant,
  Name,
  Nullable,
  Password,
  problems,
  strict,
  WrittenEmail,
  plainText,
} from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { Language } from '../../core/language.ts'
import type { PasswordResets } from './reset-password.ts'
import type { UserAdministration } from './administer-users.ts'
import { Locale, Username } from './schema.ts'

const shown = {
  id: Type.String({ format: 'uuid' }),
  email: Email,
  username: Nullable(Type.String()),
  name: Type.String(),
  locale: Nullable(Locale),
  roles: Type.Array(Type.String(), { description: 'Those included that an identity brings.' }),
  groups: Type.Array(Type.String(), {
    description: 'By their names: those of the person’s identities, and those that an operator has put them into.',
  }),
  permissions: Type.Array(Type.String(), { description: 'What the roles add up to.' }),
  status: Type.Enum(['active', 'disabled', 'deleting']),
  email_verified: Type.Boolean(),
  created_at: Instant,
}
const example = {
  id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
  email: 'ada@example.com',
  username: 'ada',
  name: 'Ada Lovelace',
  locale: 'en',
  roles: ['editor'],
  groups: ['staff'],
  permissions: ['reports:write'],
  status: 'active',
  email_verified: true,
  created_at: '2026-11-20T08:00:00.000Z',
}
const Shown = Type.Object(shown, { description: 'The account as it is now.', examples: [example] })
const AfterPassword = Type.Object(
  {
    ...shown,
    ended_api_keys: Type.Integer({ description: 'API keys that were ended with the password.' }),
    api_keys_left: Type.Integer({ description: 'API keys that still count.' }),
  },
  { description: 'The account as it is now.', examples: [{ ...example, ended_api_keys: 0, api_keys_left: 2 }] },
)
/** Longer than any that is taken, so that the answer says what is wrong. */
const PasswordHash = Type.String({
  maxLength: 4_096,
  description:
    'In place of a password, a hash that another system made of it (docs/accounts.md lists the spellings). The person signs ' +
    'in with the password that they have; their first sign-in replaces the hash.',
  examples: ['$2a$05$U9nV5oMyO6Xa4WvWO/Jt0.ryFkfP6Q2GJ1rqJAQAQ22WnWsITfbGC'],
})
/** An account as administrators see it. */
export type ShownUser = Static<typeof Shown>
export type UserAfterPassword = Static<typeof AfterPassword>

/** As long as those of directories; no control characters. */
const GroupName = Type.String({ minLength: 1, maxLength: 255, ...plainText })
const UserKey = Type.Object({ user: IdOrEmail })
const GroupOfUser = Type.Object({ ...UserKey.properties, group: GroupName })
const RoleOfUser = Type.Object({ ...UserKey.properties, role: ListedName })

const read = administers('gatehouse:users:read')
const write = administers('gatehouse:users:write')
const give = administers('gatehouse:users:write', { fresh: true })

/** What administrators and operators do to the accounts of people. */
export async function userRoutes(
  app: App,
  options: { users: UserAdministration; resets: Pick<PasswordResets, 'send'>; defaultLanguage: Language },
): Promise<void> {
  const { users, resets, defaultLanguage } = options
  const ofUser = { params: UserKey, response: { 200: Shown, ...problems('not_found') } }

  app.post(
    '/users',
    give('createUser', 'Make an account', {
      description: 'Its address counts as verified. Without a password nobody can sign in to it yet.',
      body: Type.Object(
        {
          email: WrittenEmail,
          username: Type.Optional(Username),
          name: Name,
          locale: Type.Optional(Locale),
          roles: Type.Array(ListedName),
          password: Type.Optional(Password),
          password_hash: Type.Optional(PasswordHash),
        },
        strict,
      ),
      response: { 201: Shown, ...problems('conflict', 'password_rejected') },
    }),
    async (request, reply) => {
      const { password_hash: passwordHash, ...given } = request.body
      return reply.code(201).send(showUser(await users.create({ ...given, passwordHash })))
    },
  )

  app.get(
    '/users',
    read('listUsers', 'All accounts', {
      querystring: Type.Object(pageAsked(), strict),
      response: { 200: PageOf(Shown, { description: 'The newest first.' }) },
    }),
    ({ query }) => pageOf(query, (before, limit) => users.list({ before, limit }), showUser),
  )

  app.get('/users/:user', read('getUser', 'One account', ofUser), async (request) =>
    showUser(await users.find(request.params.user)),
  )

  app.put(
    '/users/:user/password',
    give('setUserPassword', 'Set a password', {
      description:
        'Ends all sessions of the person and lifts a lockout; their API keys end where `end_api_keys` says so.',
      params: UserKey,
      body: Type.Object({ password: Password, end_api_keys: Type.Boolean({ default: false }) }, strict),
      response: { 200: AfterPassword, ...problems('not_found', 'password_rejected') },
    }),
    async (request) => {
      const { password, end_api_keys: endApiKeys } = request.body
      const { user, endedApiKeys, apiKeysLeft } = await users.setPassword(request.params.user, password, endApiKeys)
      return { ...showUser(user), ended_api_keys: endedApiKeys, api_keys_left: apiKeysLeft }
    },
  )

  app.put(
    '/users/:user/status',
    write('setUserStatus', 'Disable or enable an account', {
      description:
        'Disabling ends all sessions; nobody can sign in until it is enabled again. Whoever has asked for the deletion of their ' +
        'account has done so still: enabled, it is `deleting`. Over HTTP the last administrator is refused.',
      ...ofUser,
      response: { ...ofUser.response, ...problems('not_found', 'last_administrator') },
      body: Type.Object({ status: Type.Enum(['active', 'disabled']) }, strict),
    }),
    async (request) =>
      showUser(await users.setStatus(request.params.user, request.body.status, keepingAnAdministrator(request))),
  )

  app.put(
    '/users/:user/username',
    give('setUsername', 'Give or take away a user name', {
      description:
        'Null takes it away. One that another account has or has had is taken; a former one stays so as long as the audit trail is kept.',
      ...ofUser,
      body: Type.Object({ username: Nullable(Username) }, strict),
      response: { ...ofUser.response, ...problems('not_found', 'conflict') },
    }),
    async (request) => showUser(await users.setUsername(request.params.user, request.body.username)),
  )

  app.post(
    '/users/:user/reset',
    give('sendReset', 'Mail somebody a link to a new password', {
      description: 'It works once, for an hour, in place of an earlier one. The password stays until it is used.',
      ...ofUser,
      response: { ...ofUser.response, ...problems('not_found', 'conflict') },
    }),
    async (request) => {
      const user = await users.find(request.params.user)
      if (!(await resets.send(user, defaultLanguage))) {
        throw new GatehouseError('conflict', { detail: 'The account is disabled, and gets no links.' })
      }
      return showUser(user)
    },
  )

  app.post(
    '/users/:user/unlock',
    write('unlockUser', 'Lift the lockout after failed sign-ins', ofUser),
    async (request) => showUser(await users.unlock(request.params.user)),
  )

  const ofRole = { ...ofUser, params: RoleOfUser }
  app.put(
    '/users/:user/roles/:role',
    give('grantRole', 'Give a person a role', { description: 'It counts from their next request on.', ...ofRole }),
    async (request) => showUser(await users.grantRole(request.params.user, request.params.role)),
  )
  app.delete(
    '/users/:user/roles/:role',
    write('revokeRole', 'Take a role from a person', {
      description: 'It counts no more from their next request on. Over HTTP the last administrator keeps `admin`.',
      ...ofRole,
      response: { ...ofRole.response, ...problems('not_found', 'last_administrator', 'conflict') },
    }),
    async (request) => {
      const { user, role } = request.params
      return showUser(await users.revokeRole(user, role, keepingAnAdministrator(request)))
    },
  )

  const ofGroup = { ...ofUser, params: GroupOfUser }
  app.put(
    '/users/:user/groups/:group',
    give('addToGroup', 'Put a person into a group', {
      description: 'It counts from their next request on.',
      ...ofGroup,
    }),
    async (request) => showUser(await users.addToGroup(request.params.user, request.params.group)),
  )
  app.delete(
    '/users/:user/groups/:group',
    write('removeFromGroup', 'Take a person out of a group', {
      description: 'Of a group that an identity of theirs brings it is the source that decides.',
      ...ofGroup,
      response: { ...ofGroup.response, ...problems('not_found', 'conflict') },
    }),
    async (request) => showUser(await users.removeFromGroup(request.params.user, request.params.group)),
  )
}

function showUser(user: User): ShownUser {
  return {
    id: user.id,
    email: user.email,
    username: user.username,
    name: user.name,
    locale: user.locale,
    roles: user.roles,
    groups: user.groups,
    permissions: user.permissions,
    status: user.status,
    email_verified: user.emailVerifiedAt !== null,
    created_at: user.createdAt.toISOString(),
  }
}
