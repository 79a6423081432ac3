/** Applications that take a user from a header, set up as docs/applications.md says. */
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { parse } from 'yaml'
import { minifluxProgram, pythonProgram } from '../applications/install.ts'
import { createDatabase } from './backends.ts'
import { freePort, listening } from './servers.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type ApplicationName = 'Miniflux' | 'Radicale' | 'Django'

/** The blocks of an application's section, in their order. */
function blocksOf(application: ApplicationName, language: string): string[] {
  const guide = readFileSync(join(root, 'docs/applications.md'), 'utf8')
  const [, section = ''] = guide.split(new RegExp(`^## ${application}$`, 'm'))
  const [own = ''] = section.split(/^## /m)
  return [...own.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text]) => text!)
}

/** The hosts of a recipe, by their name without a port. */
export function hostsOf(application: ApplicationName): Record<string, object> {
  return parse(blocksOf(application, 'yaml')[0]!).hosts
}

/** Puts what is right on this machine in place of what a recipe says; what it does not say is a fault of the test. */
function filledIn(text: string, changes: Record<string, string>): string {
  return Object.entries(changes).reduce((before, [found, instead]) => {
    if (!before.includes(found)) throw new Error(`the recipe does not say ${found}`)
    return before.replaceAll(found, () => instead)
  }, text)
}

/** The password of that account, which the application alone knows. */
export const holdersPassword = 'of the holder'

export interface Started {
  /** Ports by the name of the host that they are for. */
  ports: Record<string, number>
}

export interface Wanted {
  /** Where it keeps what it needs. */
  folder: string
  /** How browsers call a host. */
  origin(host: string): string
  /** Whose name has an account there from the start: Miniflux's administrator, and the one that Radicale's programs use. */
  holder: string
}

/** How each is started. */
export const applications: Record<ApplicationName, (t: Test, wanted: Wanted) => Promise<Started>> = {
  async Miniflux(t, { folder, origin, holder }) {
    const [port, database] = [await freePort(), await createDatabase()]
    t.teardown(() => database.drop())
    writeFileSync(join(folder, 'password'), holdersPassword)
    const settings = filledIn(blocksOf('Miniflux', 'ini')[0]!, {
      'https://reader.example.com': origin('reader.example.com'),
      '127.0.0.1:8080': `127.0.0.1:${port}`,
      'ada@example.com': holder,
      '/run/secrets/miniflux-admin': join(folder, 'password'),
    })
    const own = Object.fromEntries(settings.split('\n').flatMap((line) => [line.split(/=(.*)/s).slice(0, 2)]))
    const environment = { ...own, DATABASE_URL: `${database.url}?sslmode=disable`, RUN_MIGRATIONS: '1' }
    await start(t, folder, port, [minifluxProgram()], environment)
    return { ports: { 'reader.example.com': port } }
  },

  async Radicale(t, { folder, holder }) {
    const [people, programs] = [await freePort(), await freePort()]
    const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: holdersPassword }).toString().trim()
    writeFileSync(join(folder, 'users'), `${holder}:${hash}\n`)
    const [ofPeople, ofPrograms] = blocksOf('Radicale', 'ini') as [string, string]
    const storage = { '/var/lib/radicale/collections': join(folder, 'collections') }
    const settings: [number, string][] = [
      [people, filledIn(ofPeople, { ...storage, '127.0.0.1:5232': `127.0.0.1:${people}` })],
      [
        programs,
        filledIn(ofPrograms, {
          ...storage,
          '127.0.0.1:5233': `127.0.0.1:${programs}`,
          '/etc/radicale/users': join(folder, 'users'),
        }),
      ],
    ]
    for (const [port, text] of settings) {
      const file = join(folder, `${port}.ini`)
      writeFileSync(file, text)
      await start(t, folder, port, [pythonProgram(), '-m', 'radicale', '--config', file])
    }
    return { ports: { 'calendar.example.com': people, 'dav.example.com': programs } }
  },

  async Django(t, { folder }) {
    const port = await freePort()
    const [middleware, settings] = blocksOf('Django', 'python') as [string, string]
    cpSync(join(root, 'test/applications/django'), folder, { recursive: true })
    writeFileSync(join(folder, 'gatehouse.py'), middleware)
    writeFileSync(join(folder, 'recipe.py'), settings)
    await start(t, folder, port, [pythonProgram(), 'serve.py', String(port)])
    return { ports: { 'shop.example.com': port } }
  },
}

/** Runs a program until the test ends; resolves when it listens on its port. */
async function start(t: Test, cwd: string, port: number, command: readonly string[], environment: object = {}) {
  const [program, ...args] = command
  const env = { PATH: process.env['PATH'], HOME: cwd, PYTHONDONTWRITEBYTECODE: '1', ...environment }
  const child = spawn(program!, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  }
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const refused = ended.then(() => Promise.reject(new Error(`${command.join(' ')} ended: ${said}`)))
  await Promise.race([listening(port), refused])
  refused.catch(() => {})
}
