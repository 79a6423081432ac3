import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp, type Gatehouse } from '../src/gatehouse.ts'
import { createBase } from '../src/base.ts'
import { readVersion } from '../src/cli/command.ts'
import { createLogger, systemClock } from '../src/cli/process.ts'
import { loadConfig } from '../src/config.ts'
import { combineStores } from '../src/stores/open.ts'
import { createMemoryCounters } from '../src/stores/memory/counters.ts'
import { openPglite } from '../src/stores/sql/open.ts'

/** Reads something from the service as documents describe it: with nothing set, in memory, gone afterwards. */
export async function describeService<T>(read: (gatehouse: Gatehouse) => T | Promise<T>): Promise<T> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'gatehouse-described-'))
  const config = loadConfig({ GATEHOUSE_DATA_DIR: dataDirectory, GATEHOUSE_CONFIG: '/dev/null' })
  const stores = combineStores(await openPglite(undefined, systemClock), createMemoryCounters(systemClock))
  const logger = createLogger('silent')
  const gatehouse = await buildApp(createBase({ config, stores, clock: systemClock, logger }), config, readVersion())
  try {
    await gatehouse.app.ready()
    return await read(gatehouse)
  } finally {
    await gatehouse.close()
    await stores.close()
    rmSync(dataDirectory, { recursive: true })
  }
}
