import { flag, positionals, print, readArguments, runVerb, text, texts, UsageError, type Verbs } from './command.ts'
import { withOperator } from './operator.ts'
import { readPassword } from './secret-input.ts'

/** `user create|list|show|disable|enable|set-password|grant-role|revoke-role` */
export const user = (args: readonly string[]): Promise<void> => runVerb('user', verbs, args)

const at = (idOrEmail: string) => `/users/${encodeURIComponent(idOrEmail)}`

const verbs: Verbs = {
  async create(args) {
    const { values, positionals: given } = readArguments(args, {
      email: text,
      name: text,
      role: texts,
      'password-stdin': flag,
    })
    positionals(given, [])
    const { email, name, role: roles = [] } = values
    if (email === undefined || name === undefined) throw new UsageError('user create: --email and --name are required')
    const password = await readPassword(values['password-stdin'])
    const body = { email, name, roles, ...(password !== undefined && { password }) }
    print(await withOperator((operator) => operator('POST', '/users', body)), values.json)
  },
  async list(args) {
    const { values, positionals: given } = readArguments(args, {})
    positionals(given, [])
    print(await withOperator((operator) => operator('GET', '/users')), values.json)
  },
  show: (args) => onUser(args, (id) => ['GET', at(id)]),
  disable: (args) => onUser(args, (id) => ['PUT', `${at(id)}/status`, { status: 'disabled' }]),
  enable: (args) => onUser(args, (id) => ['PUT', `${at(id)}/status`, { status: 'active' }]),
  async 'set-password'(args) {
    const { values, positionals: given } = readArguments(args, { 'password-stdin': flag })
    const [id] = positionals(given, ['id or email'])
    const password = await readPassword(values['password-stdin'])
    if (password === undefined) throw new UsageError('user set-password: use --password-stdin or a terminal')
    print(await withOperator((operator) => operator('PUT', `${at(id)}/password`, { password })), values.json)
  },
  'grant-role': (args) => onRole(args, 'PUT'),
  'revoke-role': (args) => onRole(args, 'DELETE'),
}

async function onUser(
  args: readonly string[],
  ask: (id: string) => [method: string, path: string, body?: object],
): Promise<void> {
  const { values, positionals: given } = readArguments(args, {})
  const [id] = positionals(given, ['id or email'])
  print(await withOperator((operator) => operator(...ask(id))), values.json)
}

async function onRole(args: readonly string[], method: 'PUT' | 'DELETE'): Promise<void> {
  const { values, positionals: given } = readArguments(args, {})
  const [id, role] = positionals(given, ['id or email', 'role'])
  const path = `${at(id)}/roles/${encodeURIComponent(role)}`
  print(await withOperator((operator) => operator(method, path)), values.json)
}
