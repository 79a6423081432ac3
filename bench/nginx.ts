/**
 * A small application behind Debian's nginx with the printed configuration, with and without its `auth_request`. It does
 * nothing but answer: whatever a real one costs makes the share of the question smaller.
 */
import { hasProxy, startProxy } from '../test/support/proxies.ts'
import { freePort } from '../test/support/servers.ts'
import { compare, verdict } from './support/compare.ts'
import { start } from './support/contestant.ts'
import { bearer, visit } from './support/question.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

export async function throughNginx(teardowns: Teardowns): Promise<void> {
  if (!hasProxy('nginx')) return console.log('nginx: not run, it is not installed')
  const stores = await startStores(teardowns)
  const [asking, plain] = [await freePort(), await freePort()]
  const app = 'app.example.test'
  const hosts = { [`${app}:${asking}`]: { rules: [{ allow: 'signed-in' }] } }
  const gatehouse = await start(teardowns, 'gatehouse', { ...stores, hosts })
  const application = await start(teardowns, 'application')
  const ports = { servicePort: gatehouse.port, upstreamPort: application.port }
  const issuer = 'http://auth.example.test'
  await startProxy(teardowns, 'nginx', { ...ports, hosts, issuer, port: asking })
  const unasked = { [`${app}:${plain}`]: { rules: [] } }
  await startProxy(teardowns, 'nginx', { ...ports, hosts: unasked, issuer, port: plain, asks: false })

  const entry = (name: string, port: number) => {
    const request = visit(bearer(gatehouse.facts['token']!), `${app}:${port}`)
    return { name, contestant: gatehouse, port, request }
  }
  const entries = [entry('with auth_request', asking), entry('without', plain)]
  const [own] = await compare('through nginx (CPU is the service’s)', entries)
  verdict('with auth_request, requests/s of those without', own!.ratio.rate, '≥', 0.5)
}
