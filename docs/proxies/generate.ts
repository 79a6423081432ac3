/**
 * Writes the configurations of this folder, and Traefik's of docker-compose.yml, as `gatehouse proxy-config` prints them; with
 * `--check` fails when one differs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { proxyConfigs } from '../../src/cli/proxy-configs/index.ts'
import { describeSetup } from '../../src/cli/proxy-configs/setup.ts'

const given: Parameters<typeof describeSetup>[0] = {
  hosts: { 'app.example.com': { rules: [{ allow: 'signed-in' }] } },
  issuer: 'https://auth.example.com',
  cookieDomain: 'example.com',
  gatehouse: { host: '127.0.0.1', port: 3000 },
  upstreams: { others: { host: '127.0.0.1', port: 8080 }, byHost: new Map() },
  listen: undefined,
  edgeSecret: undefined,
}
const setup = describeSetup(given)

/** Labels and objects name services, not addresses. */
const named = (gatehouse: string, upstream: string) =>
  describeSetup({
    ...given,
    gatehouse: { host: gatehouse, port: 3000 },
    upstreams: { others: { host: upstream, port: 8080 }, byHost: new Map() },
  })

const { hosts } = parse(readFileSync(new URL('../../deploy/gatehouse/gatehouse.yaml', import.meta.url), 'utf8')) as {
  hosts: typeof given.hosts
}
const compose = describeSetup({
  ...{ hosts, issuer: 'http://auth.gate.localhost', cookieDomain: 'gate.localhost' },
  gatehouse: { host: 'gatehouse', port: 3000 },
  upstreams: { others: { host: 'whoami', port: 8080 }, byHost: new Map() },
  ...{ listen: undefined, edgeSecret: undefined },
})

const files: Record<string, string | undefined> = {
  'nginx.conf': proxyConfigs['nginx']?.['conf']?.(setup),
  Caddyfile: proxyConfigs['caddy']?.['caddyfile']?.(setup),
  'haproxy.cfg': proxyConfigs['haproxy']?.['cfg']?.(setup),
  'gatehouse.lua': proxyConfigs['haproxy']?.['lua']?.(setup),
  'traefik-static.yml': proxyConfigs['traefik']?.['static']?.(setup),
  'traefik-dynamic.yml': proxyConfigs['traefik']?.['dynamic']?.(setup),
  'traefik-labels.yaml': proxyConfigs['traefik']?.['labels']?.(named('gatehouse', 'app')),
  'traefik-ingressroute.yaml': proxyConfigs['traefik']?.['ingressroute']?.(named('gatehouse.auth', 'app.apps')),
  'traefik-gateway.yaml': proxyConfigs['traefik']?.['gateway']?.(named('gatehouse.auth', 'app.apps')),
  '../../deploy/traefik/gatehouse.yaml': proxyConfigs['traefik']?.['dynamic']?.(compose),
  'envoy.yaml': proxyConfigs['envoy']?.['yaml']?.(setup),
}
const check = process.argv.includes('--check')
for (const [name, text = ''] of Object.entries(files)) {
  const file = new URL(name, import.meta.url)
  if (!check) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${name} differs from what is printed: run "npm run proxy-configs" and commit it\n`)
    process.exitCode = 1
  }
}
