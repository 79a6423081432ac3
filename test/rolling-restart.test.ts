/** Replicas are replaced one by one, behind a proxy that asks for their health, and nobody is refused. */
import { spawn } from 'node:child_process'
import { Agent, request } from 'node:http'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { stringify } from 'yaml'
import { createDatabase, hasServers, redisUrlOf } from './support/backends.ts'
import { password, signInAt } from './support/cluster.ts'
import { patientProxies, until } from './support/patience.ts'
import { run, serve } from './support/program.ts'
import { findProgram, freePort, listening, scratchFolder } from './support/servers.ts'
import { asks, bearer, exampleRules } from './support/service.ts'
import { testSecret } from './support/secrets.ts'

const questionEveryMilliseconds = 20
const email = 'ada@example.test'

/** As the guide has it, with shorter intervals, and without the repeated tries that would hide a refusal. */
const balancer = (port: number, replicas: Record<string, number>) => `
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout check 5s
  retries 0
frontend questions
  bind 127.0.0.1:${port}
  http-response set-header X-Replica %s
  default_backend gatehouse
backend gatehouse
  balance roundrobin
  option httpchk GET /health/ready
  default-server check inter 300ms fall 2 rise 2
${Object.entries(replicas)
  .map(([name, at]) => `  server ${name} 127.0.0.1:${at}`)
  .join('\n')}
`

if (hasServers && findProgram('haproxy') !== undefined) {
  void test('no question is refused while two replicas are restarted one after the other', async (t) => {
    const folder = scratchFolder(t)
    const database = await createDatabase({ migrated: true })
    t.teardown(() => database.drop())
    const yaml = { ...exampleRules, shutdown: { drain_seconds: 3 }, proxies: patientProxies }
    writeFileSync(join(folder, 'gatehouse.yaml'), stringify(yaml))
    const [front, ...ports] = await Promise.all([freePort(), freePort(), freePort()])
    const environmentOf = (port: number) => ({
      PORT: String(port),
      DATABASE_URL: database.url,
      REDIS_URL: redisUrlOf(database.name),
      GATEHOUSE_SECRET: testSecret().toString('base64'),
      GATEHOUSE_ISSUER: 'http://auth.example.test',
      GATEHOUSE_DATA_DIR: join(folder, 'data'),
    })
    const start = (port: number) => serve(t, folder, environmentOf(port))
    const replicas = { one: await start(ports[0]), two: await start(ports[1]) }
    const made = ['user', 'create', '--email', email, '--name', 'Ada', '--password-stdin']
    t.equal((await run(folder, made, environmentOf(0), password)).code, 0)
    const { accessToken } = await signInAt(replicas.one, { id: '', email, password })

    writeFileSync(join(folder, 'haproxy.cfg'), balancer(front, { one: ports[0], two: ports[1] }))
    const haproxy = spawn(findProgram('haproxy')!, ['-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' })
    t.teardown(() => haproxy.kill('SIGKILL'))
    await listening(front)

    // The load does not wait for answers: who is slow is asked as often.
    const agent = new Agent({ keepAlive: true })
    t.teardown(() => agent.destroy())
    const seen = { answered: 0, refused: [] as string[], by: new Set<string>() }
    const open = new Set<Promise<void>>()
    const ask = (path: string, headers: Record<string, string>) =>
      new Promise<void>((done) => {
        const refuse = (why: string) => {
          seen.refused.push(`${path}: ${why}`)
          done()
        }
        request({ port: front, path, headers, agent }, (response) => {
          response.resume().once('end', () => {
            if (response.statusCode !== 200) return refuse(String(response.statusCode))
            seen.answered++
            seen.by.add(String(response.headers['x-replica']))
            done()
          })
        })
          .once('error', ({ message }) => refuse(message))
          .end()
      })
    const question = { ...asks({ path: '/reports' }), ...bearer(accessToken) }
    let asked = 0
    const load = setInterval(() => {
      const answered = asked++ % 10 === 0 ? ask('/login', {}) : ask('/forward-auth', question)
      open.add(answered)
      void answered.then(() => open.delete(answered))
    }, questionEveryMilliseconds)
    t.teardown(() => clearInterval(load))
    const bothAnswer = () => {
      seen.by.clear()
      return until('both replicas answer', () => seen.by.size === 2)
    }

    await bothAnswer()
    for (const replica of [replicas.one, replicas.two]) {
      replica.child.kill('SIGTERM')
      t.equal((await replica.finished).code, 0, 'it stops')
      await start(replica.port)
      await bothAnswer()
    }
    clearInterval(load)
    await Promise.all(open)
    t.same(seen.refused, [])
    t.ok(seen.answered > 100, `${seen.answered} were answered`)
  })
}
