import { positionals, print, readArguments, UsageError } from './command.ts'
import { withOperator } from './operator.ts'

const text = { type: 'string' } as const
const texts = { type: 'string', multiple: true } as const
const flag = { type: 'boolean', default: false } as const

/** `client create|list|show|rotate-secret|delete` */
export async function client(args: readonly string[]): Promise<void> {
  const [verb, ...rest] = args
  const run = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (run === undefined) throw new UsageError(`client: expected one of ${Object.keys(verbs).join(', ')}`)
  await run(rest)
}

const at = (id: string) => `/clients/${encodeURIComponent(id)}`

const verbs: Record<string, (args: readonly string[]) => Promise<void>> = {
  async create(args) {
    const { values, positionals: given } = readArguments(args, {
      id: text,
      name: text,
      grant: texts,
      'redirect-uri': texts,
      scope: texts,
      audience: texts,
      public: flag,
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
  delete: (args) => onClient(args, 'DELETE', ''),
}

async function onClient(args: readonly string[], method: string, suffix: string): Promise<void> {
  const { values, positionals: given } = readArguments(args, {})
  const [id] = positionals(given, ['client id'])
  print(await withOperator((operator) => operator(method, `${at(id)}${suffix}`)), values.json)
}
