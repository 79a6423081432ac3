import { readFileSync } from 'node:fs'
import {
  CommandError,
  flag,
  positionals,
  print,
  readArguments,
  runVerb,
  text,
  texts,
  UsageError,
  type Verbs,
} from './command.ts'
import { withOperator } from './operator.ts'

/** `client create|list|show|rotate-secret|set-jwks|delete` */
export const client = (args: readonly string[]): Promise<void> => runVerb('client', verbs, args)

const at = (id: string) => `/clients/${encodeURIComponent(id)}`

const verbs: Verbs = {
  async create(args) {
    const { values, positionals: given } = readArguments(args, {
      id: text,
      name: text,
      grant: texts,
      'redirect-uri': texts,
      scope: texts,
      audience: texts,
      public: flag,
      'jwks-file': text,
    })
    positionals(given, [])
    const { id, name, grant: grants, scope: scopes = [], audience: audiences = [] } = values
    if (name === undefined || grants === undefined) {
      throw new UsageError('client create: --name and --grant are required')
    }
    const body = {
      ...(id !== undefined && { id }),
      name,
      grants,
      redirect_uris: values['redirect-uri'] ?? [],
      scopes,
      audiences,
      public: values.public,
      ...(values['jwks-file'] !== undefined && { jwks: readJwks(values['jwks-file']) }),
    }
    print(await withOperator((operator) => operator('POST', '/clients', body)), values.json)
  },
  async list(args) {
    const { values, positionals: given } = readArguments(args, {})
    positionals(given, [])
    print(await withOperator((operator) => operator('GET', '/clients')), values.json)
  },
  show: (args) => onClient(args, 'GET', ''),
  'rotate-secret': (args) => onClient(args, 'POST', '/secret'),
  async 'set-jwks'(args) {
    const { values, positionals: given } = readArguments(args, { 'jwks-file': text })
    const [id] = positionals(given, ['client id'])
    const file = values['jwks-file']
    if (file === undefined) throw new UsageError('client set-jwks: --jwks-file is required')
    const jwks = readJwks(file)
    print(await withOperator((operator) => operator('PUT', `${at(id)}/jwks`, { jwks })), values.json)
  },
  delete: (args) => onClient(args, 'DELETE', ''),
}

async function onClient(args: readonly string[], method: string, suffix: string): Promise<void> {
  const { values, positionals: given } = readArguments(args, {})
  const [id] = positionals(given, ['client id'])
  print(await withOperator((operator) => operator(method, `${at(id)}${suffix}`)), values.json)
}

/** A file of public keys. What it holds is never repeated: it may hold a private one. */
function readJwks(file: string): unknown {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandError(`--jwks-file: the file cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  try {
    return JSON.parse(content)
  } catch {
    throw new CommandError('--jwks-file: the file is not valid JSON')
  }
}
