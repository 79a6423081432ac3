/** A service behind a real proxy, and what the operator's doctor says about it. */
import { type AddressInfo, connect, createServer } from 'node:net'
import { diagnose, type Diagnosis } from '../../src/cli/doctor/diagnose.ts'
import { serveEcho } from '../../src/cli/doctor/echo.ts'
import { openExchange } from '../../src/cli/doctor/exchange.ts'
import { openProbe } from '../../src/cli/doctor/probe.ts'
import { backends } from './backends.ts'
import { type Edit, type ProxyName, type Release, startProxy } from './proxies.ts'
import { freePort } from './servers.ts'
import { exampleRules, startService } from './service.ts'
import { startUpstream } from './upstream.ts'

type Test = { teardown(after: () => unknown): unknown }
export const [appHost, authHost] = ['app.example.test', 'auth.example.test']
export const marker = 'a-marker-of-this-test'

export interface Situation {
  /** The system's nginx where nothing is said. */
  proxy?: readonly [ProxyName, Release]
  edits?: readonly Edit[]
  /** Seconds by which the service's clock is wrong. */
  skew?: number
  environment?: Record<string, string>
  yaml?: object
  path?: string
  /** An application of its own instead of the doctor's echo, and what it says about itself. */
  ownUpstream?: string
  anonymous?: boolean
  /** A balancer in front of the proxy ends TLS, and the service is on https. */
  tlsBefore?: boolean
  /** What the host's settings say beside its rules. */
  host?: object
  /** Whether the configuration is printed for them; left out, it is older than they are. */
  printsHost?: boolean
}

/** Service, proxy and the doctor's echo behind it, and what the doctor says. */
export async function examine(t: Test, situation: Situation = {}): Promise<Examined> {
  const port = await freePort()
  const upstreamPort = situation.ownUpstream
    ? (await startUpstream(t, { server: situation.ownUpstream })).port
    : await freePort()
  if (!situation.ownUpstream) t.teardown(await serveEcho({ host: '127.0.0.1', port: upstreamPort }, marker))
  const rules = exampleRules.hosts['app.example.test']
  const [scheme, at] = situation.tlsBefore ? ['https', ''] : ['http', `:${port}`]
  const hosts = { [`${appHost}${at}`]: { ...rules, ...situation.host } }
  const issuer = `${scheme}://${authHost}${at}`
  const service = await startService(t, {
    // A database inside the process would keep its memory until the last test.
    backend: backends.at(-1)!,
    yaml: { hosts, ...situation.yaml },
    environment: {
      GATEHOUSE_ISSUER: issuer,
      GATEHOUSE_COOKIE_DOMAIN: 'example.test',
      ...situation.environment,
    },
  })
  // What a host's settings change in the configuration is left out, so that the doctor has it to find.
  const printed = { hosts: situation.printsHost ? hosts : { [`${appHost}${at}`]: rules }, issuer }
  const edits = situation.edits ?? []
  const [name, release] = situation.proxy ?? ['nginx', 'packaged']
  await startProxy(t, name, { release, port, servicePort: service.port, upstreamPort, ...printed, edits })
  const { accessToken } = await service.signIn(await service.createUser())
  const recorder = await startRecorder(t, port)
  const direct = openExchange({ host: '127.0.0.1', port: recorder.port })
  t.teardown(() => direct.close())
  const exchange = {
    ...direct,
    send: (request: Parameters<typeof direct.send>[0]) =>
      direct.send({
        ...request,
        url: request.url.replace(/^https:\/\/[^/:]+/, (origin) => `http${origin.slice(5)}:${port}`),
      }),
  }
  const url = `${scheme}://${appHost}${at}${situation.path ?? '/reports?page=2'}`
  const probe = await openProbe((method, path, body) => {
    // The service's clock stands still unless told; here it keeps time, right or wrong.
    service.clock.advance((Date.now() - service.clock.now()) / 1000 + (situation.skew ?? 0))
    return service.operate(method as 'GET', path, body)
  }, url)
  const token = situation.anonymous ? undefined : accessToken
  const diagnosis = await diagnose({
    facts: probe.facts,
    probe,
    exchange,
    checkMail: async () => undefined,
    givenUpMails: async () => ({ count: 0, since: null }),
    token,
    marker,
  })
  await probe.close()
  const names = diagnosis.findings.map(({ finding }) => finding)
  return { ...diagnosis, names, arrived: recorder.arrived(), token: accessToken }
}

interface Examined extends Diagnosis {
  names: string[]
  /** The head of each request of the doctor, as it arrives at the proxy. */
  arrived: string[]
  /** The operator's. */
  token: string
}

/** Stands before a port, and keeps what is sent to it. */
async function startRecorder(t: Test, port: number) {
  let text = ''
  const recorder = createServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    for (const end of [socket, onward]) {
      end.on('error', () => {})
      end.on('close', () => void (socket.destroy(), onward.destroy()))
    }
    socket.on('data', (chunk) => void (text += chunk.toString('latin1')))
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((done) => recorder.listen(0, '127.0.0.1', done))
  t.teardown(() => recorder.close())
  return {
    port: (recorder.address() as AddressInfo).port,
    arrived: () => text.split('\r\n\r\n').filter(Boolean),
  }
}
