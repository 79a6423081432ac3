import type { RotatedKeys, ShownKey } from '../features/signing-keys/index.ts'
import { command, flag, group, print, text, UsageError } from './command.ts'
import type { Page } from '../http/lists.ts'
import { withOperator } from './operator.ts'
import { tell } from './terminal.ts'

/** The ring of signing keys: `keys list|rotate [--compromised [--kid K] [--api-keys]]|rewrap`. */
export const keys = group({
  list: command({
    summary: 'show every signing key and what it does now',
    example: 'keys list',
    async run({ json }) {
      const ring = await withOperator((operator) => operator<Page<ShownKey>>('GET', '/keys'))
      print(ring.items, json)
    },
  }),
  rotate: command({
    summary: 'let the next keys sign as soon as verifiers can know them; with --compromised keys end at once',
    options: {
      compromised: flag('somebody else knows the keys: nothing that they signed counts any more'),
      kid: text('KID', 'with --compromised: this key alone'),
      'api-keys': flag('with --compromised: end everybody’s API keys too'),
    },
    example: 'keys rotate',
    async run({ compromised, kid, 'api-keys': endApiKeys, json }) {
      if (!compromised && (kid !== undefined || endApiKeys)) {
        throw new UsageError('--kid and --api-keys go with --compromised alone')
      }
      const body = { compromised, end_api_keys: endApiKeys, ...(kid !== undefined && { kid }) }
      const answer = await withOperator((operator) => operator<RotatedKeys>('POST', '/keys/rotate', body))
      if (json) return print(answer, true)
      const { notice, keys: ring } = answer
      print(ring, false)
      tell(`\n${notice}\n`)
    },
  }),
  rewrap: command({
    summary: 'seal the private keys with the current GATEHOUSE_SECRET',
    example: 'keys rewrap',
    async run({ json }) {
      print(await withOperator((operator) => operator<{ resealed: number }>('POST', '/keys/rewrap')), json)
    },
  }),
})
