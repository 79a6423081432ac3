/** Writes `openapi/openapi.yaml` from the routes; with `--check` fails when the committed file differs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../src/app.ts'
import { createBase } from '../src/base.ts'
import { readVersion } from '../src/cli/command.ts'
import { createLogger, systemClock } from '../src/cli/process.ts'
import { loadConfig } from '../src/config.ts'
import { renderDocument } from '../src/http/openapi.ts'
import { combineStores } from '../src/stores/open.ts'
import { createMemoryCounters } from '../src/stores/memory/counters.ts'
import { openPglite } from '../src/stores/sql/open.ts'

const file = new URL('openapi.yaml', import.meta.url)
const dataDirectory = mkdtempSync(join(tmpdir(), 'gatehouse-openapi-'))
const config = loadConfig({ GATEHOUSE_DATA_DIR: dataDirectory })
const stores = combineStores(await openPglite(undefined, systemClock), createMemoryCounters(systemClock))
const logger = createLogger('silent')
const gatehouse = await buildApp(createBase({ config, stores, clock: systemClock, logger }), config, readVersion())
await gatehouse.app.ready()
const document = renderDocument(gatehouse.app)
await gatehouse.close()
await stores.close()
rmSync(dataDirectory, { recursive: true })

if (!process.argv.includes('--check')) {
  writeFileSync(file, document)
} else if (readFileSync(file, 'utf8') !== document) {
  process.stderr.write('openapi/openapi.yaml differs from the routes: run "npm run openapi" and commit it\n')
  process.exitCode = 1
}
