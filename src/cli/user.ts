import type { ShownInvitation, ShownUser, UserAfterPassword, WithdrawnInvitation } from '../features/accounts/index.ts'
import type { ResetFactors } from '../features/factors/index.ts'
import type { ShownGrant } from '../features/openid/index.ts'
import type { DeletedUser } from '../features/own-account/index.ts'
import type { ShownIdentities } from '../features/upstream/index.ts'
import { command, flag, group, print, required, text, texts, UsageError } from './command.ts'
import { everyItem, pathOf, withOperator } from './operator.ts'
import { readPassword } from './secret-input.ts'

const at = (idOrEmail: string) => pathOf('users', idOrEmail)
const passwordFromStdin = flag('read the password from standard input; otherwise a terminal is asked for it')

const onRole = onListed('role', 'roles', 'editor')
const onGroup = onListed('group', 'groups', 'staff')

/** People: `user create|invite|invitations|uninvite|list|show|disable|enable|unlock|set-password|reset-factors|identities|unlink|grants|withdraw-grant|send-reset|set-username|grant-role|revoke-role|add-to-group|remove-from-group|delete`. */
export const user = group({
  create: command({
    summary: 'make an account whose address counts as verified; without a password nobody can sign in to it yet',
    options: {
      email: required('ADDRESS', 'the mail address, which is also the name to sign in with'),
      username: text('NAME', 'a user name, to sign in with and for applications'),
      name: required('NAME', 'what the person is called'),
      role: texts('ROLE', 'a role to grant; may be repeated'),
      'password-stdin': passwordFromStdin,
      'password-hash-stdin': flag(
        'read a password hash that another system made from standard input; docs/accounts.md lists which are taken',
      ),
    },
    example: 'user create --email ada@example.com --name "Ada Lovelace" --role editor',
    async run({ email, username, name, role: roles, json, ...values }) {
      const [isPassword, isHash] = [values['password-stdin'], values['password-hash-stdin']]
      if (isPassword && isHash) throw new UsageError('user create: standard input holds a password or a hash, not both')
      const read = await readPassword(isPassword || isHash)
      const body = {
        email,
        ...(username !== undefined && { username }),
        name,
        roles,
        ...(read !== undefined && { [isHash ? 'password_hash' : 'password']: read }),
      }
      print(await withOperator((operator) => operator<ShownUser>('POST', '/users', body)), json)
    },
  }),
  list: command({
    summary: 'show everybody',
    example: 'user list --json',
    async run({ json }) {
      const all = await withOperator((operator) => everyItem<ShownUser>(operator, '/users'))
      print(
        all.toSorted((one, other) => (one.email < other.email ? -1 : 1)),
        json,
      )
    },
  }),
  show: onUser('show one person', 'show', (id) => ['GET', at(id)]),
  disable: onUser('end all sessions of a person and let nobody sign in as them', 'disable', (id) => [
    'PUT',
    `${at(id)}/status`,
    { status: 'disabled' },
  ]),
  enable: onUser('let a person sign in again', 'enable', (id) => ['PUT', `${at(id)}/status`, { status: 'active' }]),
  unlock: onUser('lift the lockout after failed sign-ins', 'unlock', (id) => ['POST', `${at(id)}/unlock`]),
  'set-password': command({
    summary: 'set a new password, which ends all sessions of the person and lifts a lockout',
    arguments: ['id, email or user name'],
    options: {
      'password-stdin': passwordFromStdin,
      'api-keys': flag('end the API keys of the person too; otherwise they go on'),
    },
    example: 'user set-password ada@example.com --api-keys',
    async run({ json, ...values }, id) {
      const password = await readPassword(values['password-stdin'])
      if (password === undefined) throw new UsageError('user set-password: use --password-stdin or a terminal')
      const body = { password, end_api_keys: values['api-keys'] }
      print(await withOperator((operator) => operator<UserAfterPassword>('PUT', `${at(id)}/password`, body)), json)
    },
  }),
  'set-username': command({
    summary: 'give a person a user name; without one it is taken away',
    arguments: ['id, email or user name'],
    options: { username: text('NAME', 'the new user name') },
    example: 'user set-username ada@example.com --username ada',
    async run({ username = null, json }, id) {
      const asked = withOperator((operator) => operator<ShownUser>('PUT', `${at(id)}/username`, { username }))
      print(await asked, json)
    },
  }),
  'reset-factors': command({
    summary:
      'take the second factors of a person away who has lost them; setting up the next needs a link that is mailed',
    arguments: ['id, email or user name'],
    example: 'user reset-factors ada@example.com',
    async run({ json }, id) {
      print(await withOperator((operator) => operator<ResetFactors>('POST', `${at(id)}/reset-factors`)), json)
    },
  }),
  identities: command({
    summary: 'show the accounts elsewhere by which a person signs in',
    arguments: ['id, email or user name'],
    example: 'user identities ada@example.com',
    async run({ json }, id) {
      const { items } = await withOperator((operator) => operator<ShownIdentities>('GET', `${at(id)}/identities`))
      print(items, json)
    },
  }),
  unlink: command({
    summary: 'unlink an account elsewhere, by which the person signs in no more; never the last way in',
    arguments: ['id, email or user name', 'id of the linked account'],
    example: 'user unlink ada@example.com 01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
    async run({ json }, id, identity) {
      const path = pathOf('users', id, 'identities', identity)
      print((await withOperator((operator) => operator<ShownIdentities>('DELETE', path))).items, json)
    },
  }),
  grants: command({
    summary: 'show the programs that a person has let in, and what for',
    arguments: ['id, email or user name'],
    example: 'user grants ada@example.com',
    async run({ json }, id) {
      print(await withOperator((operator) => operator<ShownGrant[]>('GET', `${at(id)}/grants`)), json)
    },
  }),
  'withdraw-grant': command({
    summary: 'shut a program out for a person, which ends all its tokens for that person at once',
    arguments: ['id, email or user name', 'client id'],
    example: 'user withdraw-grant ada@example.com wiki',
    async run({ json }, id, clientId) {
      const path = pathOf('users', id, 'grants', clientId)
      print(await withOperator((operator) => operator<{ withdrawn: boolean }>('DELETE', path)), json)
    },
  }),
  'send-reset': onUser('mail a person a link to a new password', 'send-reset', (id) => ['POST', `${at(id)}/reset`]),
  delete: command({
    summary: 'delete an account and all that belongs to it, at once and for good',
    arguments: ['id, email or user name'],
    example: 'user delete ada@example.com',
    async run({ json }, id) {
      print(await withOperator((operator) => operator<DeletedUser>('DELETE', at(id))), json)
    },
  }),
  invite: command({
    summary: 'mail somebody a link by which they open an account',
    options: {
      email: required('ADDRESS', 'the mail address, which the account will have'),
      username: text('NAME', 'a user name for the account'),
      role: texts('ROLE', 'a role to grant; may be repeated'),
      language: text('TAG', 'the language of the mail and of the account: en or de'),
    },
    example: 'user invite --email ada@example.com --role editor',
    async run({ email, username, role: roles, language: locale, json }) {
      const body = {
        email,
        roles,
        ...(username !== undefined && { username }),
        ...(locale !== undefined && { locale }),
      }
      print(await withOperator((operator) => operator<ShownInvitation>('POST', '/invitations', body)), json)
    },
  }),
  invitations: command({
    summary: 'show the invitations that can be used',
    example: 'user invitations --json',
    async run({ json }) {
      print(await withOperator((operator) => everyItem<ShownInvitation>(operator, '/invitations')), json)
    },
  }),
  uninvite: command({
    summary: 'withdraw an invitation',
    arguments: ['id of the invitation'],
    example: 'user uninvite 01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
    async run({ json }, id) {
      const asked = withOperator((operator) => operator<WithdrawnInvitation>('DELETE', pathOf('invitations', id)))
      print(await asked, json)
    },
  }),
  'grant-role': onRole('give a person a role, from their next request on', 'grant-role', 'PUT'),
  'revoke-role': onRole('take a role away, from the next request on', 'revoke-role', 'DELETE'),
  'add-to-group': onGroup('put a person into a group, from their next request on', 'add-to-group', 'PUT'),
  'remove-from-group': onGroup('take a person out of a group again', 'remove-from-group', 'DELETE'),
})

function onUser(summary: string, verb: string, ask: (id: string) => [method: string, path: string, body?: object]) {
  return command({
    summary,
    arguments: ['id, email or user name'],
    example: `user ${verb} ada@example.com`,
    async run({ json }, id) {
      print(await withOperator((operator) => operator<ShownUser>(...ask(id))), json)
    },
  })
}

function onListed(what: string, list: string, example: string) {
  return (summary: string, verb: string, method: 'PUT' | 'DELETE') =>
    command({
      summary,
      arguments: ['id, email or user name', what],
      example: `user ${verb} ada@example.com ${example}`,
      async run({ json }, id, name) {
        const path = pathOf('users', id, list, name)
        print(await withOperator((operator) => operator<ShownUser>(method, path)), json)
      },
    })
}
