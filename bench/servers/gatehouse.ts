/** The whole service on its embedded stores, with one person signed in. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../src/app.ts'
import { createLogger, readVersion, systemClock } from '../../src/cli/process.ts'
import { loadConfig } from '../../src/config.ts'
import { openStores } from '../../src/stores/open.ts'
import { report } from '../support/contestant.ts'

const password = 'a horse, a battery and a staple'
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
writeFileSync(
  join(folder, 'gatehouse.yaml'),
  'hosts: { app.example.com: { rules: [{ paths: [/public/**], allow: anyone }, { allow: signed-in }] } }\n' +
    // The token must stay valid for the whole run.
    'tokens: { access_ttl_seconds: 3600 }\n',
)
const config = loadConfig({ GATEHOUSE_DATA_DIR: folder, GATEHOUSE_CONFIG: join(folder, 'gatehouse.yaml') })
// Denials and faults would be logged; what is measured is allowed, and not.
const logger = createLogger('warn')
const stores = await openStores(config, systemClock, logger)
const gatehouse = await buildApp({ config, stores, clock: systemClock, logger, version: readVersion() })
await gatehouse.app.listen({ host: '127.0.0.1', port: 0 })

const user = { email: 'ada@example.com', name: 'Ada Lovelace', roles: ['admin', 'editor'], password }
await gatehouse.control.inject({ method: 'POST', url: '/users', payload: user })
const login = await gatehouse.app.inject({
  method: 'POST',
  url: '/api/auth/login',
  payload: { email: user.email, password },
})
const { access_token: token } = login.json<{ access_token: string }>()
const cookie = login.cookies.find(({ name }) => name === 'gatehouse')!.value
const { port } = gatehouse.app.server.address() as AddressInfo
report({ port, facts: { token, cookie } }, async () => {
  await gatehouse.close()
  await stores.close()
  rmSync(folder, { recursive: true })
})
