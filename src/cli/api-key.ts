import { positionals, print, readArguments, runVerb, text, texts, UsageError, type Verbs } from './command.ts'
import { withOperator } from './operator.ts'

/** `api-key create|list|revoke` */
export const apiKey = (args: readonly string[]): Promise<void> => runVerb('api-key', verbs, args)

const verbs: Verbs = {
  async create(args) {
    const { values, positionals: given } = readArguments(args, {
      client: text,
      name: text,
      scope: texts,
      'expires-at': text,
    })
    positionals(given, [])
    const { client, name, scope: scopes = [], 'expires-at': expiresAt } = values
    if (client === undefined || name === undefined) {
      throw new UsageError('api-key create: --client and --name are required')
    }
    const body = { client, name, scopes, ...(expiresAt !== undefined && { expires_at: expiresAt }) }
    print(await withOperator((operator) => operator('POST', '/api-keys', body)), values.json)
  },
  async list(args) {
    const { values, positionals: given } = readArguments(args, { client: text, user: text })
    positionals(given, [])
    const owner = Object.entries({ client: values.client, user: values.user }).filter(([, id]) => id !== undefined)
    if (owner.length !== 1) throw new UsageError('api-key list: give either --client or --user')
    const query = new URLSearchParams(owner as [string, string][]).toString()
    print(await withOperator((operator) => operator('GET', `/api-keys?${query}`)), values.json)
  },
  async revoke(args) {
    const { values, positionals: given } = readArguments(args, {})
    const [id] = positionals(given, ['key id'])
    print(await withOperator((operator) => operator('DELETE', `/api-keys/${encodeURIComponent(id)}`)), values.json)
  },
}
