import { addressOf, claimsOf, type ProxySetup } from './setup.ts'

/** What Traefik calls the header in which it tells certificates, whatever it is told. */
export const certificateHeader = 'X-Forwarded-Tls-Client-Cert'

/** Only so does Traefik 3.7 tell the certificate in the question. */
const trusting = `trustForwardHeader lets the certificate through. A client cannot name another method, host and path than its own: the entry
point drops what it sends as X-Forwarded-* and sets it anew, and clean takes the method and the path.`

/** What routers do with a request, by name. */
export function traefikMiddlewares(setup: ProxySetup): Record<string, { about: string; settings: object }> {
  const { gatehouse, groups, identity, edgeSecret, certificates } = setup
  // These two are Traefik's own: it drops a client's and sets them anew.
  const claims = claimsOf(setup).filter((name) => name !== 'X-Forwarded-Port' && name !== 'X-Forwarded-Server')
  const cleaned = [...claims, ...identity.flatMap(spellings)]
  const headers = (values: Record<string, string>) => ({ headers: { customRequestHeaders: values } })
  const ask = [...new Map(groups.map((group) => [group.headersName, group])).values()]
  return {
    clean: {
      about: `What no client may say about its own request: an empty value removes the header. aliasHeadersStrategy takes every
other spelling; those with underscores, which most upstreams know, go even without it.`,
      settings: headers(Object.fromEntries(cleaned.map((name) => [name, '']))),
    },
    'no-upgrade': {
      about: 'WebSocket is the one upgrade that passes: after any other, nobody would judge what follows.',
      settings: headers({ Upgrade: '' }),
    },
    websocket: {
      about: 'And the whole of it: what else a client lists beside WebSocket is dropped.',
      settings: headers({ Upgrade: 'websocket' }),
    },
    ...(edgeSecret !== undefined && {
      'edge-secret': {
        about: 'Proves to the service that this edge asks.',
        // For a WebSocket Traefik itself says `wss`, which the question would have where it trusts what it has.
        settings: headers({
          'X-Edge-Secret': edgeSecret,
          ...(certificates.areTold && { 'X-Forwarded-Proto': 'https' }),
        }),
      },
      'no-edge-secret': {
        about: 'Taken off again before the application gets the request.',
        settings: headers({ 'X-Edge-Secret': '', ...(certificates.areTold && { [certificateHeader]: '' }) }),
      },
    }),
    ...(certificates.areTold && {
      certificate: {
        about: 'The certificate by which the client is connected, where it shows one.',
        settings: { passTLSClientCert: { pem: true } },
      },
    }),
    ...Object.fromEntries(
      ask.map(({ headersName, headers: told, credentials }) => [
        `auth-${headersName}`,
        {
          about: `The question. Only a 2xx passes; any other answer goes to the client as it is, and no answer at all ends in 500.
${certificates.areTold ? trusting : 'Without trustForwardHeader a client cannot name another method, host and path than its own.'} Traefik removes the client's
own headers of authResponseHeaders, then sets what the answer holds. The largest answer is the page that says no.`,
          settings: {
            forwardAuth: {
              address: `http://${addressOf(gatehouse)}/forward-auth/traefik`,
              trustForwardHeader: certificates.areTold,
              maxResponseBodySize: 65_536,
              authResponseHeaders: [...told.map(([name]) => name), ...credentials],
            },
          },
        },
      ]),
    ),
  }
}

/** Traefik removes a header by its exact name in any case, so each spelling with underscores is listed. */
function spellings(name: string): string[] {
  const [first = '', ...rest] = name.split('-')
  return rest.reduce((heads, part) => heads.flatMap((head) => [`${head}-${part}`, `${head}_${part}`]), [first])
}
