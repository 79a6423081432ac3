/**
 * One application behind Debian's nginx with the printed configuration, with and without its `auth_request`. The
 * application is another nginx that answers at once: whatever a real one costs makes the share of the question smaller.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasProxy, startProxy } from '../test/support/proxies.ts'
import { findProgram, freePort, listening } from '../test/support/servers.ts'
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
  const ports = { servicePort: gatehouse.port, upstreamPort: await startApplication(teardowns) }
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

/** Returns the port. */
async function startApplication(teardowns: Teardowns): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-app-'))
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events { worker_connections 512; }
    http {
      access_log off;
      client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
      uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
      server { listen 127.0.0.1:${port}; keepalive_requests 1000000; location / { return 200 "hello"; } }
    }`,
  )
  const server = spawn(findProgram('nginx')!, ['-p', folder, '-c', file, '-e', join(folder, 'error.log')], {
    stdio: 'ignore',
  })
  const ended = new Promise<void>((done) => server.once('exit', () => done()))
  teardowns.teardown(async () => {
    server.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  await listening(port)
  return port
}
