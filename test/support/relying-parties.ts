/** The service behind real nginx, beside a host that it guards, for programs that sign people in by it. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { startProxy } from './proxies.ts'
import { freePort, listening } from './servers.ts'
import { ask, bearer, type Service, startService, type TestUser } from './service.ts'
import { startUpstream, valuesOf } from './upstream.ts'
import { createVisitor } from './visitor.ts'

const apiHost = 'api.example.test'
/** The audience of the guarded host. */
export const apiAudience = 'https://api.example.com'

export interface Grounds {
  service: Service
  ada: TestUser
  /** Asks the guarded host by an access token: whom its application sees, or the status of a refusal. */
  callApi(token: string): Promise<string | number>
}

export async function setGrounds(t: Test): Promise<Grounds> {
  const [port, upstream] = [await freePort(), await startUpstream(t)]
  const issuer = `http://localhost:${port}`
  const hosts = { [`${apiHost}:${port}`]: { audience: apiAudience, rules: [{ allow: 'signed-in' }] } }
  const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
  await startProxy(t, 'nginx', {
    ...{ port, hosts, issuer, servicePort: service.port, upstreamPort: upstream.port },
  })
  return {
    service,
    ada: await service.createUser(),
    async callApi(token) {
      const { status } = await ask(port, '/reports', { headers: { host: `${apiHost}:${port}`, ...bearer(token) } })
      return status === 200 ? (valuesOf(upstream.arrived.at(-1)!, 'X-Auth-Subject')[0] ?? 'nobody') : status
    },
  }
}

/** A browser of a person who goes from program to program on this machine. */
export function wanderer() {
  return createVisitor((url, call) =>
    ask(Number(url.port), url.pathname + url.search, { ...call, headers: { ...call.headers, host: url.host } }),
  )
}

/** Runs a program until the test ends; resolves when it listens on its port. */
export async function startProgram(t: Test, port: number, command: readonly string[], environment: object) {
  const [program, ...args] = command
  const child = spawn(program!, args, {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  }
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const refused = ended.then(() => Promise.reject(new Error(`${command.join(' ')} ended: ${said}`)))
  await Promise.race([listening(port), refused])
  refused.catch(() => {})
}

/** The first block of a language in the recipe of a program in docs/openid.md. */
export function recipeOf(program: string, language: string): string {
  const guide = readFileSync(new URL('../../docs/openid.md', import.meta.url), 'utf8')
  const [, section = ''] = guide.split(new RegExp(`^### ${program}.*$`, 'm'))
  const [, text] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(section) ?? []
  if (text === undefined) throw new Error(`docs/openid.md has no recipe for ${program}`)
  return text
}

/** Puts what is right on this machine in place of what a recipe says; what it does not say is a fault of the test. */
export function filledIn(text: string, changes: Record<string, string>): string {
  return Object.entries(changes).reduce((before, [found, instead]) => {
    if (!before.includes(found)) throw new Error(`the recipe does not say ${found}`)
    return before.replaceAll(found, () => instead)
  }, text)
}
