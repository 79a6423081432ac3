import { clientClaims } from '../../features/forward-auth/claimed-headers.ts'
import { addressOf, certificate, type HostGroup, lines, type ProxySetup } from './setup.ts'

/** A whole dynamic configuration for Traefik 3. Throws where something before Traefik ends TLS. */
export function traefikConfig(setup: ProxySetup): string {
  const { gatehouse, upstreams, listen, tls, groups, edgeSecret, scheme } = setup
  if (scheme === 'https' && !tls) {
    throw new Error('Traefik tells the service https only where it ends TLS itself: leave out --listen')
  }
  return `# Gatehouse behind Traefik (3.x): /etc/traefik/gatehouse.yml, read by the file provider.
# Printed by \`gatehouse proxy-config traefik\`; docs/proxies/traefik.md explains every line. Start Traefik with
#   --entryPoints.edge.address=:${listen} --providers.file.filename=/etc/traefik/gatehouse.yml
# and without forwardedHeaders.insecure or trustedIPs: then Traefik drops what clients send as X-Forwarded-*.

http:
  routers:
${[servicePages(setup), ...groups.map((group, at) => application(setup, group, at))].filter(Boolean).join('\n')}

  middlewares:
    # What no client may say about its own request: an empty value removes the header. Many upstreams read
    # X_Auth_Subject as X-Auth-Subject, so the spellings with underscores go too.
    clean:
      headers:
        customRequestHeaders:
${lines('          ', ...cleaned(setup).map((name) => `${name}: ""`))}
${
  edgeSecret === undefined
    ? ''
    : `
    # Proves to the service that this edge asks; taken off again before the application gets the request.
    edge-secret:
      headers:
        customRequestHeaders:
          X-Edge-Secret: "${edgeSecret}"
    no-edge-secret:
      headers:
        customRequestHeaders:
          X-Edge-Secret: ""
`
}
${groups.map((group, at) => forwardAuth(setup, group, at)).join('\n\n')}

  services:
    gatehouse:
      loadBalancer:
        servers:
          - url: http://${addressOf(gatehouse)}
${upstreams.map((upstream) => `    ${upstream.name}:\n      loadBalancer:\n        servers:\n          - url: http://${addressOf(upstream)}\n`).join('')}${
    tls
      ? `
tls:
  certificates:
    - certFile: ${certificate.chain}
      keyFile: ${certificate.key}
`
      : ''
  }`
}

const router = (setup: ProxySetup) => (setup.tls ? ['entryPoints: [edge]', 'tls: {}'] : ['entryPoints: [edge]'])

function servicePages(setup: ProxySetup): string {
  if (setup.issuer === undefined) return ''
  const { name } = setup.issuer
  return `    # The service's own pages and API. Only Traefik itself asks whether a request may pass, and only machines read the
    # metrics. No path of the service has an escape in its first segment, where one would hide the name.
    gatehouse:
      rule: >-
        Host(\`${name}\`) && !PathPrefix(\`/forward-auth\`) && !PathPrefix(\`/metrics\`) && !PathRegexp(\`^/[^/]*%\`)
${lines('      ', ...router(setup), 'middlewares: [clean]', 'service: gatehouse')}
`
}

function application(setup: ProxySetup, { names, upstream }: HostGroup, at: number): string {
  const hosts = names.map((name) =>
    name.startsWith('*.') ? `HostRegexp(\`^[^.]+${name.slice(1).replaceAll('.', '\\.')}$\`)` : `Host(\`${name}\`)`,
  )
  const ask = setup.edgeSecret === undefined ? [`auth-${at}`] : ['edge-secret', `auth-${at}`, 'no-edge-secret']
  return `    # An application behind the service.
    app-${at}:
      rule: ${hosts.join(' || ')}
${lines('      ', ...router(setup), `middlewares: [${['clean', ...ask].join(', ')}]`, `service: ${upstream.name}`)}`
}

function forwardAuth({ gatehouse }: ProxySetup, { headers }: HostGroup, at: number): string {
  return `    # The question. Only a 2xx passes; any other answer goes to the client as it is, and no answer at all ends in 500.
    auth-${at}:
      forwardAuth:
        address: http://${addressOf(gatehouse)}/forward-auth/traefik
        # Otherwise a client could name another method, host and path than its own.
        trustForwardHeader: false
        # Who it is. Traefik removes the client's own, then sets what the answer holds.
        authResponseHeaders:
${lines('          ', ...headers.map(([name]) => `- ${name}`))}`
}

/** Traefik removes a header by its exact name in any case, so each spelling with underscores is listed. */
function cleaned(setup: ProxySetup): string[] {
  const { identity } = setup
  // These two are Traefik's own: it drops a client's and sets them anew.
  const own = clientClaims.filter((name) => name !== 'X-Forwarded-Port' && name !== 'X-Forwarded-Server')
  return [...own, ...identity.flatMap(spellings)]
}

function spellings(name: string): string[] {
  const [first = '', ...rest] = name.split('-')
  return rest.reduce((heads, part) => heads.flatMap((head) => [`${head}-${part}`, `${head}_${part}`]), [first])
}
