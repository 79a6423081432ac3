import { type Command, CommandError, program, readVersion, UsageError } from './cli/command.ts'
import { complain, tell } from './cli/terminal.ts'
import { ConfigError } from './config.ts'
import { GatehouseError, SetupError } from './core/errors.ts'

const commands: Record<string, { summary: string; load: () => Promise<Pick<Command, 'run'>> }> = {
  serve: { summary: 'run the service', load: async () => (await import('./cli/serve.ts')).serve },
  migrate: { summary: 'bring the database up to date', load: async () => (await import('./cli/migrate.ts')).migrate },
  user: { summary: 'people and their roles', load: async () => (await import('./cli/user.ts')).user },
  role: { summary: 'roles and what they permit', load: async () => (await import('./cli/role.ts')).role },
  client: {
    summary: 'programs that get tokens, or ask about them',
    load: async () => (await import('./cli/client.ts')).client,
  },
  'api-key': { summary: 'long-lived keys of programs', load: async () => (await import('./cli/api-key.ts')).apiKey },
  sessions: { summary: 'who is signed in where', load: async () => (await import('./cli/sessions.ts')).sessions },
  keys: { summary: 'the keys that sign tokens', load: async () => (await import('./cli/keys.ts')).keys },
  mail: { summary: 'mails that wait, and what they say', load: async () => (await import('./cli/mail.ts')).mail },
  audit: { summary: 'what happened, and who did it', load: async () => (await import('./cli/audit.ts')).audit },
  rules: { summary: 'the access rules of gatehouse.yaml', load: async () => (await import('./cli/rules.ts')).rules },
  'proxy-config': {
    summary: 'print a whole configuration of your proxy for your hosts',
    load: async () => (await import('./cli/proxy-config.ts')).proxyConfig,
  },
  doctor: {
    summary: 'ask through the proxy, and say what is wrong with its configuration',
    load: async () => (await import('./cli/doctor.ts')).doctor,
  },
}

function usage(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(14)}${summary}`)
  const more = [`${program} <command> --help says more.`, 'Every command that prints takes --json.']
  return `usage: ${program} <command> …\n\n${lines.join('\n')}\n\n${more.join('\n')}\n`
}

/** Runs a command. Exit codes: 0 done, 1 could not be done, 2 called wrongly. */
async function main(given: readonly string[]): Promise<void> {
  // `help user create` is `user create --help`.
  const [name, ...args] = given[0] === 'help' && given.length > 1 ? [...given.slice(1), '--help'] : given
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    tell(usage())
    return
  }
  if (name === '--version') {
    tell(`${readVersion()}\n`)
    return
  }
  try {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (command === undefined) throw new UsageError(`there is no command "${name}"\n\n${usage()}`)
    const loaded = await command.load()
    await loaded.run(name, args)
  } catch (error) {
    complain(`gatehouse: ${explain(error)}\n`)
    // Whatever was opened already must not keep a failed command alive.
    process.exit(error instanceof UsageError ? 2 : 1)
  }
}

function explain(error: unknown): string {
  if (error instanceof UsageError || error instanceof CommandError) return error.message
  if (error instanceof ConfigError) return `the configuration is not valid\n${error.message}`
  if (error instanceof SetupError) return error.message
  // A store that was open already; its fault says the setting and what to do.
  if (error instanceof GatehouseError && error.code === 'unavailable' && error.cause instanceof Error)
    return error.cause.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

await main(process.argv.slice(2))
