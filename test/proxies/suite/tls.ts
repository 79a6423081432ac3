/** Where the proxy ends TLS itself, as it does when it is printed for an issuer on https. */
import type { Test } from 'tap'
import { startProxy } from '../../support/proxies.ts'
import { overHttp1, overHttp2 } from '../../support/secure.ts'
import { freePort } from '../../support/servers.ts'
import { bearer, startService } from '../../support/service.ts'
import { startUpstream, valuesOf } from '../../support/upstream.ts'
import { appHost, authHost, type Traits } from './scene.ts'

export async function tlsTests(t: Test, { name, release, http2OverTls }: Traits): Promise<void> {
  const port = await freePort()
  const upstream = await startUpstream(t)
  const [issuer, host] = [`https://${authHost}:${port}`, `${appHost}:${port}`]
  const hosts = { [host]: { rules: [{ paths: ['/public/**'], allow: 'anyone' }, { allow: 'signed-in' }] } }
  const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
  const ports = { port, servicePort: service.port, upstreamPort: upstream.port }
  await startProxy(t, name, { release, ...ports, hosts, issuer })
  const { accessToken } = await service.signIn(await service.createUser())

  for (const ask of http2OverTls ? [overHttp1, overHttp2] : [overHttp1]) {
    upstream.arrived.length = 0
    const page = await ask(port, host, '/x?y=z', { accept: 'text/html' })
    t.same(
      [page.status, page.headers['location']],
      [302, `${issuer}/login?return_to=${encodeURIComponent(`https://${host}/x?y=z`)}`],
    )
    t.same(upstream.arrived, [])
    const claims = { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example', 'x-forwarded-for': '10.0.0.1' }
    t.equal((await ask(port, host, '/x', { ...claims, ...bearer(accessToken) })).status, 200, ask.name)
    const told = ['X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-For'].map((header) =>
      valuesOf(upstream.arrived[0]!, header),
    )
    t.same(told, [['https'], [host], ['127.0.0.1']])
    const login = await ask(port, `${authHost}:${port}`, '/login', { accept: 'text/html' })
    t.equal(login.status, 200)
    t.match(String(login.headers['set-cookie']), /; Secure/i)
  }
  if (!http2OverTls) await t.rejects(overHttp2(port, host, '/public/x', {}))
}
