#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { CommandError, UsageError } from './cli/command.ts'
import { ConfigError } from './config.ts'
import { SetupError } from './core/errors.ts'

// Compiled code is kept beside the code that it was compiled from, where whoever can write can do anything anyway. Where
// the folder cannot be written to, as in the image, nothing is kept.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/gatehouse', import.meta.url)))

type Command = (args: readonly string[]) => Promise<void>

const commands: Record<string, { summary: string; load: () => Promise<Command> }> = {
  serve: { summary: 'run the service', load: async () => (await import('./cli/serve.ts')).serve },
  migrate: { summary: 'bring the database up to date', load: async () => (await import('./cli/migrate.ts')).migrate },
  user: {
    summary: 'create, list, show, disable, enable, set-password, grant-role, revoke-role',
    load: async () => (await import('./cli/user.ts')).user,
  },
  client: {
    summary: 'create, list, show, rotate-secret, set-jwks, delete',
    load: async () => (await import('./cli/client.ts')).client,
  },
  'api-key': { summary: 'create, list, revoke', load: async () => (await import('./cli/api-key.ts')).apiKey },
  keys: { summary: 'list, rotate, rewrap', load: async () => (await import('./cli/keys.ts')).keys },
  audit: { summary: 'tail: what happened, and who did it', load: async () => (await import('./cli/audit.ts')).audit },
  rules: { summary: 'check, explain', load: async () => (await import('./cli/rules.ts')).rules },
  doctor: {
    summary: 'ask through the proxy, and say what is wrong with its configuration',
    load: async () => (await import('./cli/doctor.ts')).doctor,
  },
  'proxy-config': {
    summary: 'traefik, nginx, caddy, haproxy, envoy: print a whole configuration for your hosts',
    load: async () => (await import('./cli/proxy-config.ts')).proxyConfig,
  },
  role: { summary: 'create, list, delete', load: async () => (await import('./cli/role.ts')).role },
}

function usage(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(14)}${summary}`)
  return `usage: gatehouse <command> [options]\n\n${lines.join('\n')}\n\nEvery command that prints takes --json.\n`
}

/** Runs a command. Exit codes: 0 done, 1 could not be done, 2 called wrongly. */
async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === 'help') {
    process.stdout.write(usage())
    return
  }
  try {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (command === undefined) throw new UsageError(`there is no command "${name}"\n\n${usage()}`)
    await (
      await command.load()
    )(args)
  } catch (error) {
    process.stderr.write(`gatehouse: ${explain(error)}\n`)
    // Whatever was opened already must not keep a failed command alive.
    process.exit(error instanceof UsageError ? 2 : 1)
  }
}

function explain(error: unknown): string {
  if (error instanceof UsageError || error instanceof CommandError) return error.message
  if (error instanceof ConfigError) return `the configuration is not valid\n${error.message}`
  if (error instanceof SetupError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

await main(process.argv.slice(2))
