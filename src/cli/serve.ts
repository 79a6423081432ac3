import { isDeepStrictEqual } from 'node:util'
import { buildApp, type Gatehouse } from '../app.ts'
import { type Config, loadConfig } from '../config.ts'
import { adminRole, firstPartyClientId } from '../core/principal.ts'
import { SetupError } from '../core/errors.ts'
import type { AccessRules } from '../features/forward-auth/access-rules.ts'
import { unknownNames } from '../features/forward-auth/unknown-names.ts'
import { openStores } from '../stores/open.ts'
import { command, CommandError, program, readVersion } from './command.ts'
import { type HeldDirectory, holdDataDirectory } from './data-directory.ts'
import { createLogger, systemClock } from './process.ts'
import { createRulesLook, warnOf, watchRules } from './watch-rules.ts'

/** A stop that takes longer is cut short; orchestrators kill after 10 to 30 seconds. */
const stopWithinMilliseconds = 9_000

/** Runs the service until a signal stops it. */
export const serve = command({ summary: 'run the service', example: 'serve', run: runService })

async function runService(): Promise<void> {
  const config = loadConfig(process.env)
  const logger = createLogger(config.logLevel)
  warnOf(config.warnings, logger)
  const held = await hold(config)
  const stores = await openStores(config, systemClock, logger)
  const gatehouse = await buildApp({ config, stores, clock: systemClock, logger, version: readVersion() })

  if (held !== undefined) {
    // Made ready by the first command that asks: most starts see none.
    held.answerWith((request, response) => {
      void gatehouse.control.ready().then(() => gatehouse.control.routing(request, response))
    })
  }
  const address = await listen(gatehouse, config)
  logger.info({ event: 'service.listening' }, `listening on ${address}`)
  /** Of the names that rules ask for, those that nobody can hold. Says nothing while the stores cannot be asked. */
  const warnOfUnknownNames = async (rules: AccessRules) => {
    const [known, clients] = await Promise.all([stores.roles.list(), stores.clients.list()]).catch(() => [])
    if (known === undefined || clients === undefined) return
    const defined = {
      roles: new Set([adminRole, ...known.map(({ name }) => name)]),
      permissions: new Set(known.flatMap(({ permissions }) => permissions)),
      clients: new Set([firstPartyClientId, ...clients.map(({ id }) => id)]),
    }
    warnOf(unknownNames(rules, defined), logger)
  }
  await warnOfUnknownNames(config.accessRules)
  let { roles } = config
  const unwatch = watchRules(
    createRulesLook({
      path: config.configFile,
      issuer: config.issuer,
      startedWith: config.configContent,
      async apply({ accessRules, file }) {
        // Rules that take rights away wait for no store unless a role changed as well.
        if (!isDeepStrictEqual(file.roles, roles)) await gatehouse.replaceRoles(file.roles)
        roles = file.roles
        gatehouse.replaceRules(accessRules)
        await warnOfUnknownNames(accessRules)
      },
      audit: gatehouse.audit,
      log: logger,
    }),
    logger,
  )
  announce(config, await stores.users.anyHolds(adminRole))

  let stopping = false
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return
    stopping = true
    logger.info({ event: 'service.stopping', signal }, 'stopping')
    setTimeout(() => {
      logger.error({ event: 'service.stop_cut_short' }, 'requests were still under way')
      process.exit(1)
    }, stopWithinMilliseconds).unref()
    gatehouse.beginStop()
    await unwatch()
    try {
      await gatehouse.close()
    } finally {
      await stores.close()
      await held?.release()
    }
    logger.info({ event: 'service.stopped' }, 'stopped')
    logger.flush()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // npm passes on what the terminal sent to the service too, so each comes twice.
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        logger.error({ event: 'service.stop_failed', err: error }, 'the stop failed')
        process.exit(1)
      })
    })
  }
}

async function hold(config: Config): Promise<HeldDirectory | undefined> {
  if (config.databaseUrl !== undefined) return undefined
  const held = await holdDataDirectory(config.dataDirectory)
  if (held !== undefined) return held
  throw new CommandError('another process is using this data directory (GATEHOUSE_DATA_DIR); one service at a time')
}

/** Throws a `SetupError` that names the setting at fault when the port cannot be had. */
async function listen(gatehouse: Gatehouse, { host, port }: Config): Promise<string> {
  try {
    return await gatehouse.app.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = {
      EADDRINUSE: `PORT: another program listens on ${port} already; stop it, or choose another PORT`,
      EACCES: `PORT: this user may not listen on ${port}; choose a PORT from 1024 on`,
      EADDRNOTAVAIL:
        'HOST: this machine has no such address; 127.0.0.1 is reached from here alone, 0.0.0.0 from everywhere',
      ENOTFOUND: 'HOST: no address belongs to this name',
    }[code ?? '']
    throw reason === undefined ? error : new SetupError(reason)
  }
}

/** Tells a person where to go next; machines read the log. */
function announce(config: Config, hasAdministrator: boolean): void {
  const embedded = config.databaseUrl === undefined
  process.stderr.write(
    [
      '',
      `  Gatehouse is ready at ${config.issuer}`,
      `  Documentation         ${config.issuer}/docs`,
      hasAdministrator
        ? undefined
        : `  First administrator   ${program} user create --email you@example.com --name You --role admin`,
      `  Registration          ${config.accounts.registration.mode}: ${config.accounts.registration.reason}`,
      embedded && config.smtpUrl === undefined ? `  Mails are written to  ${config.dataDirectory}/outbox` : undefined,
      config.databaseUrl && !config.redisUrl
        ? '  Without REDIS_URL limits are counted per process: run one replica.'
        : undefined,
      '',
      '',
    ]
      .filter((line) => line !== undefined)
      .join('\n'),
  )
}
