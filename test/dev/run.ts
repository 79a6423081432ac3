/**
 * `npm run dev`: the service on embedded stores, started again on every change of its code; people and a program in it; its mails
 * as a page; and an application behind it. Everything is kept in `data/dev`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runningService } from '../../src/cli/operator.ts'
import { loadConfig } from '../../src/config.ts'
import { serveApplication } from './application.ts'
import { serveMailbox } from './mailbox.ts'
import { password, people, seed } from './seed.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const [port, applicationPort, mailboxPort] = [3000, 8080, 8025]
const issuer = `http://auth.gate.localhost:${port}`
const mailbox = `http://localhost:${mailboxPort}/`
const environment = {
  PORT: String(port),
  GATEHOUSE_ISSUER: issuer,
  GATEHOUSE_COOKIE_DOMAIN: 'gate.localhost',
  GATEHOUSE_DATA_DIR: `${root}data/dev`,
  GATEHOUSE_CONFIG: `${root}test/dev/gatehouse.yaml`,
}
const config = loadConfig(environment)

// The signal asks for a stop without a drain: whoever has changed something waits for the next start.
const watch = ['--watch', '--watch-preserve-output', '--watch-kill-signal=SIGHUP', 'src/launch.js', 'serve']
const service = spawn(process.execPath, watch, { cwd: root, env: { ...process.env, ...environment }, stdio: 'inherit' })
const servers = [
  serveMailbox(config.mail.outboxDirectory, mailboxPort),
  serveApplication({ port: applicationPort, ask: `http://127.0.0.1:${port}/forward-auth/traefik`, issuer, mailbox }),
]
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const server of servers) server.close()
    service.kill(signal)
  })
}

const ended = once(service, 'exit')
// Whatever goes wrong here, it keeps neither the port nor the directory.
process.once('exit', () => service.kill())
const isUp = () =>
  fetch(`http://127.0.0.1:${port}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  )
// Its control socket is there before there is anything to ask.
while (service.exitCode === null && !(await isUp())) await Promise.race([sleep(100), ended])
const operator = service.exitCode === null ? await runningService(config) : undefined
if (operator !== undefined) {
  await seed(operator)
  process.stderr.write(
    [
      `  Application   http://app.gate.localhost:${applicationPort}/`,
      `  Mailbox       ${mailbox}`,
      `  People        ${people.map(({ email }) => email).join(', ')}; password: ${password}`,
      '',
      '',
    ].join('\n'),
  )
}
await ended
for (const server of servers) server.close()
