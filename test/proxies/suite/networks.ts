/** Rules on networks go by the address that the proxy saw, and match nobody where that cannot be told. */
import type { Test } from 'tap'
import { type Edit, startProxy } from '../../support/proxies.ts'
import { sendRaw } from '../../support/raw.ts'
import { freePort } from '../../support/servers.ts'
import { startService } from '../../support/service.ts'
import { startUpstream } from '../../support/upstream.ts'
import { authHost, nearAddress as near, networkHost, networkRules, type Scene, type Traits } from './scene.ts'

const spoofs: string[][] = [
  [],
  ['X-Forwarded-For: 10.0.0.1'],
  ['X-Forwarded-For: 10.0.0.1, 198.51.100.1'],
  ['X-Forwarded-For: 10.0.0.1', 'X-Forwarded-For: 127.0.0.2'],
  ['X-Forwarded-For: 127.0.0.2, 127.0.0.1'],
  ['X-Real-IP: 10.0.0.1', 'Forwarded: for=10.0.0.1', 'True-Client-IP: 10.0.0.1', 'X-Envoy-External-Address: 10.0.0.1'],
  ['X-Forwarded-For: ', 'X-Forwarded-For: not-an-address'],
]

export async function networkTests(t: Test, { port, raw }: Scene): Promise<void> {
  await t.test('a client is where it connects from, whatever it says', async (t) => {
    const ask = async (path: string, from: string, lines: string[]) =>
      (await raw(path, lines, { host: `${networkHost}:${port}`, from })).status
    for (const lines of spoofs) {
      const told = lines.join(' | ')
      t.equal(await ask('/foreign/x', near, lines), 401, `foreign: ${told}`)
      t.equal(await ask('/near/x', near, lines), 200, `near: ${told}`)
      // The proxy's own address is no client's, so nothing is known.
      for (const path of ['/foreign/x', '/near/x']) {
        t.equal(await ask(path, '127.0.0.1', lines), 401, `own, ${path}: ${told}`)
      }
    }
  })
}

/** With something before the proxy that ends TLS: every client connects from there. */
export async function networksBehindTls(t: Test, { name, release }: Traits): Promise<void> {
  const [issuer, hosts] = [`https://${authHost}`, { [networkHost]: networkRules }]
  const upstream = await startUpstream(t)
  const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
  const start = async (edits: readonly Edit[]) => {
    const port = await freePort()
    const ports = { port, servicePort: service.port, upstreamPort: upstream.port }
    await startProxy(t, name, { release, ...ports, hosts, issuer, edits })
    return async (path: string, lines: readonly string[] = []) => {
      const text = [`GET ${path} HTTP/1.1`, `Host: ${networkHost}`, ...lines, 'Connection: close', '', '']
      return sendRaw(port, text.join('\r\n'))
    }
  }
  const ask = await start([])
  for (const lines of spoofs) {
    for (const path of ['/foreign/x', '/near/x']) t.equal((await ask(path, lines)).status, 401, lines.join(' | '))
  }
  const page = await ask('/x', ['Accept: text/html'])
  t.match(page.head, `return_to=${encodeURIComponent(`https://${networkHost}/x`)}`, 'the scheme is what browsers see')

  if (name !== 'envoy') return
  const trusting = await start([['xff_num_trusted_hops: 0', 'xff_num_trusted_hops: 1']])
  const status = async (path: string, chain: string) => (await trusting(path, [`X-Forwarded-For: ${chain}`])).status
  t.equal(await status('/near/x', near), 200, 'the hop is trusted to tell the client')
  t.equal(await status('/near/x', `10.0.0.1, ${near}`), 200)
  t.equal(await status('/foreign/x', `10.0.0.1, ${near}`), 401, 'and not what the client told it')
  t.equal((await trusting('/foreign/x')).status, 401)
}
