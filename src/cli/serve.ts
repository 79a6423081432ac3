import { isDeepStrictEqual } from 'node:util'
import { buildApp, type Gatehouse } from '../gatehouse.ts'
import { createBase } from '../base.ts'
import { type Config, loadConfig, templatesFolder } from '../config.ts'
import { adminRole, firstPartyClientId } from '../core/principal.ts'
import { SetupError } from '../core/errors.ts'
import type { AccessRules } from '../features/forward-auth/access-rules.ts'
import { unknownRoles } from './named-roles.ts'
import { unknownNames } from '../features/forward-auth/unknown-names.ts'
import { readPresentation } from '../presentation.ts'
import { openStores } from '../stores/open.ts'
import { command, CommandError, program, readVersion } from './command.ts'
import { type HeldDirectory, holdDataDirectory } from './data-directory.ts'
import { letGoOfTheStart } from './let-go.ts'
import { createLogger, systemClock } from './process.ts'
import { stopOnSignals } from './stop.ts'
import { createRulesLook, warnOf, watchRules } from './watch-rules.ts'

/** Runs the service until a signal stops it. */
export const serve = command({ summary: 'run the service', example: 'serve', run: runService })

async function runService(): Promise<void> {
  const config = loadConfig(process.env)
  const logger = createLogger(config.logLevel)
  warnOf(config.warnings, logger)
  const held = await hold(config)
  const stores = await openStores(config, systemClock, logger)
  const base = createBase({ config, stores, clock: systemClock, logger })
  const gatehouse = await buildApp(base, config, readVersion())

  held?.answerWith(gatehouse.control.answer)
  const started = start()
  // Before anybody can learn that the service runs.
  stopOnSignals({
    drainSeconds: config.shutdown.drain_seconds,
    logger,
    begin: () => gatehouse.beginStop(),
    async finish() {
      const unwatch = await started
      await unwatch()
      try {
        await gatehouse.close()
      } finally {
        await stores.close()
        await held?.release()
      }
    },
  })
  await started

  /** Listens, and follows gatehouse.yaml until the way to stop that, which is returned, is taken. */
  async function start(): Promise<() => Promise<void>> {
    const address = await listen(gatehouse, config)
    base.log.info({ event: 'service.listening' }, `listening on ${address}`)
    if (countsAlone(config)) base.log.info({ event: 'service.counts_alone' }, countsAloneText)
    void gatehouse.checkMail()
    await warnOfUnknownNames(config.accessRules)
    const unwatch = watch()
    announce(config, await stores.users.anyHolds(adminRole))
    letGoOfTheStart()
    return unwatch
  }
  /** Of the names that rules ask for, those that nobody can hold. Says nothing while the stores cannot be asked. */
  async function warnOfUnknownNames(rules: AccessRules): Promise<void> {
    const [known, clients] = await Promise.all([stores.roles.list(), stores.clients.list()]).catch(() => [])
    if (known === undefined || clients === undefined) return
    const defined = {
      roles: new Set([adminRole, ...known.map(({ name }) => name)]),
      permissions: new Set(known.flatMap(({ permissions }) => permissions)),
      clients: new Set([firstPartyClientId, ...clients.map(({ id }) => id)]),
    }
    warnOf([...unknownNames(rules, defined), ...unknownRoles(config, defined.roles)], logger)
  }

  function watch() {
    let { roles } = config
    const look = createRulesLook({
      path: config.configFile,
      issuer: config.issuer,
      cookieDomain: config.cookieDomain,
      startedWith: config.configContent,
      async apply({ accessRules, file }) {
        const shown = readPresentation(file, config.configFile)
        if (shown.kind === 'faulty') throw new SetupError(shown.faults.join('\n'))
        const useTemplates = await gatehouse.readMailTemplates(templatesFolder(file.mail, config.configFile))
        // Rules that take rights away wait for no store unless a role changed as well.
        if (!isDeepStrictEqual(file.roles, roles)) await gatehouse.replaceRoles(file.roles)
        roles = file.roles
        useTemplates()
        gatehouse.replaceRules(accessRules)
        gatehouse.present(shown.presentation)
        await warnOfUnknownNames(accessRules)
      },
      audit: gatehouse.audit,
      log: logger,
    })
    return watchRules(look, logger)
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

const countsAloneText = 'Without REDIS_URL limits are counted per process: run one replica'

function countsAlone({ databaseUrl, redisUrl }: Config): boolean {
  return databaseUrl !== undefined && redisUrl === undefined
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
      embedded && config.mail.smtpUrl === undefined
        ? `  Mails are written to  ${config.mail.outboxDirectory}`
        : undefined,
      countsAlone(config) ? `  ${countsAloneText}.` : undefined,
      '',
      '',
    ]
      .filter((line) => line !== undefined)
      .join('\n'),
  )
}
