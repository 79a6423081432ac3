/** Clients that hold connections without waiting for an answer hold up no stop. */
import { connect } from 'node:net'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { prepareData, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'

const question =
  'POST /forward-auth/traefik HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Proto: http\r\n' +
  'X-Forwarded-Host: app.localhost\r\nX-Forwarded-Uri: /x\r\n'
const held: Record<string, string> = {
  'no byte was sent': '',
  'an empty line was sent': '\r\n',
  'a part of the headers was sent': 'GET /login HTTP/1.1\r\nHost: localhost\r\n',
  'a part of a body was sent that a route reads':
    'POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{',
  'a part of a body was sent that nobody reads': `${question}Content-Length: 90\r\n\r\n{`,
  'a request was answered': 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n',
}

void test('a connection on which nobody waits for an answer holds up no stop', async (t) => {
  const folder = scratchFolder(t)
  const config = join(folder, 'gatehouse.yaml')
  writeFileSync(config, 'shutdown: { drain_seconds: 0 }\nhosts: { app.localhost: { rules: [{ allow: signed-in }] } }\n')
  prepareData(join(folder, 'data'))
  const service = await serve(t, folder, { GATEHOUSE_CONFIG: config, GATEHOUSE_DATA_DIR: join(folder, 'data') })
  const ends = Object.entries(held).map(async ([name, bytes]) => {
    const socket = connect(service.port, '127.0.0.1')
    await once(socket, 'connect')
    const closed = new Promise<unknown>((done) => {
      let fault: unknown
      socket.on('error', (error: NodeJS.ErrnoException) => (fault = error.code)).resume()
      socket.once('close', () => done(fault))
    })
    socket.write(bytes)
    return { name, closed }
  })
  const opened = await Promise.all(ends)
  // Answered after the connections were taken.
  await service.call('/health/live')
  service.child.kill('SIGTERM')
  // What the service had not read yet makes a reset of the end of a connection.
  for (const { name, closed } of opened) t.ok([undefined, 'ECONNRESET'].includes((await closed) as string), name)
  const { code, stdout } = await service.finished
  t.equal(code, 0)
  t.match(stdout, 'service.stopped')
  t.notMatch(stdout, /"level":[456]0/, 'nothing of a stop is a fault')
})
