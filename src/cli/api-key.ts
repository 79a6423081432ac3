import type { MadeApiKeyOfOwner, OwnedApiKey } from '../features/api-keys/index.ts'
import { command, flag, group, print, required, text, texts, UsageError } from './command.ts'
import { everyItem, pathOf, withOperator } from './operator.ts'

/** API keys: `api-key create|list|revoke`. */
export const apiKey = group({
  create: command({
    summary: 'make a key that stands for a program; it is shown once',
    options: {
      client: required('ID', 'the program that it stands for'),
      name: required('NAME', 'what it is for'),
      scope: texts('SCOPE', 'what it may do, among the scopes of the program; may be repeated'),
      days: text('DAYS', 'how long it is good for; api_keys.days of gatehouse.yaml (90) when nothing is said'),
      'expires-at': text('TIME', 'when it ends instead, such as 2030-01-31T12:00:00Z'),
      unlimited: flag('it never ends; only where api_keys.allow_unlimited is set'),
    },
    example: 'api-key create --client reports-job --name Nightly --scope reports:read --days 30',
    async run({ client, name, scope: scopes, json, days, 'expires-at': time, unlimited }) {
      const ends = [days !== undefined && endOf(days), time, unlimited && null].filter(
        (end) => end !== false && end !== undefined,
      )
      if (ends.length > 1) throw new UsageError('api-key create: give one of --days, --expires-at and --unlimited')
      const body = { client, name, scopes, ...(ends.length > 0 && { expires_at: ends[0] }) }
      print(await withOperator((operator) => operator<MadeApiKeyOfOwner>('POST', '/api-keys', body)), json)
    },
  }),
  list: command({
    summary: 'show the keys of one owner, or of all',
    options: {
      client: text('ID', 'of this program'),
      user: text('ID_OR_EMAIL', 'of this person'),
      all: flag('of everybody'),
    },
    example: 'api-key list --client reports-job',
    async run({ client, user, all, json }) {
      const owner = Object.entries({ client, user }).filter(([, id]) => id !== undefined)
      if (owner.length + Number(all) !== 1) throw new UsageError('api-key list: give one of --client, --user and --all')
      const keys = await withOperator((operator) => everyItem<OwnedApiKey>(operator, '/api-keys', { client, user }))
      print(keys.toReversed(), json)
    },
  }),
  revoke: command({
    summary: 'end a key at once',
    arguments: ['key id'],
    example: 'api-key revoke 01890a5d-ac96-774b-bcce-b302099a8057',
    async run({ json }, id) {
      print(await withOperator((operator) => operator<{ revoked: boolean }>('DELETE', pathOf('api-keys', id))), json)
    },
  }),
})

function endOf(days: string): string {
  if (!/^[1-9]\d{0,4}$/.test(days)) throw new UsageError('api-key create: --days expects a number of days, such as 90')
  return new Date(Date.now() + Number(days) * 86_400_000).toISOString()
}
