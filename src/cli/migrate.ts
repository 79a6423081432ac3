import { loadConfig } from '../config.ts'
import { openStores } from '../stores/open.ts'
import { unusable } from '../stores/setup-fault.ts'
import { migratePostgres } from '../stores/sql/open.ts'
import { command, CommandError, print } from './command.ts'
import { holdDataDirectory } from './data-directory.ts'
import { createLogger, systemClock } from './process.ts'

/** Applies what is missing of the migrations. Starting the service does the same. */
export const migrate = command({
  summary: 'bring the database up to date, as a start does too',
  example: 'migrate',
  run: bringUpToDate,
})

async function bringUpToDate({ json }: { json: boolean }): Promise<void> {
  const config = loadConfig(process.env)
  if (config.databaseUrl === undefined) {
    const held = await holdDataDirectory(config.dataDirectory)
    if (held === undefined) throw new CommandError('the running service has migrated this data directory already')
    const stores = await openStores({ ...config, redisUrl: undefined }, systemClock, createLogger('error'))
    await stores.close()
    await held.release()
  } else {
    await migratePostgres(config.databaseUrl).catch((error: unknown) => {
      throw unusable('DATABASE_URL', error)
    })
  }
  print({ status: 'up to date' }, json)
}
