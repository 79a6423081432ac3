import { type Static, Type } from '../../json-schema.ts'
import { readNetwork } from '../../core/network.ts'
import { checkNetworks, type Findings, section, setting, strict } from '../../settings.ts'

/** Proxies that must show a secret besides their address. */
const Edge = Type.Object(
  {
    networks: setting(
      'The networks of these proxies.',
      Type.Array(Type.String(), {
        minItems: 1,
        title: 'a list of networks with at least one: [10.0.0.5, …]',
      }),
    ),
    secret_sha256: setting(
      'The SHA-256 of each secret that counts. There are two while one replaces the other.',
      Type.Array(
        Type.String({ pattern: '^[0-9a-f]{64}$', title: 'the SHA-256 of a secret: 64 digits and letters a to f' }),
        { minItems: 1, title: 'a list with the SHA-256 of at least one secret' },
      ),
    ),
  },
  strict,
)

/** The `proxies` section of gatehouse.yaml. */
export const ProxySettings = section({
  trusted: setting(
    'The networks of the peers that may ask forward-auth questions, and whose `X-Forwarded-For` counts.',
    Type.Array(Type.String(), {
      title: 'a list of networks: [10.0.0.0/8, …]',
      default: ['127.0.0.1/32', '::1/128'],
    }),
  ),
  edges: setting(
    'The proxies that have to show a secret besides their address.',
    Type.Array(Edge, { title: 'a list of edges: [{ networks: […], secret_sha256: […] }, …]', default: [] }),
  ),
  basic: setting(
    "Whether `Authorization: Basic` with a client's id and secret counts at forward-auth, on hosts without `credentials`.",
    Type.Boolean({ default: false }),
  ),
  decide_within_milliseconds: setting(
    'A forward-auth question that cannot be decided within this time is denied with 503. Envoy as printed waits five seconds.',
    Type.Integer({ minimum: 10, maximum: 30_000, default: 150 }),
  ),
})
export type ProxySettings = Static<typeof ProxySettings>

export function checkProxySettings({ trusted, edges }: ProxySettings, findings: Findings): void {
  checkNetworks(findings, ['proxies', 'trusted'], trusted)
  for (const [index, entry] of trusted.entries()) {
    if ((readNetwork(entry)?.bits ?? 32) > 3) continue
    findings.warning(
      ['proxies', 'trusted', index],
      'whoever is in it may say who anybody is, and from where: name the proxies',
    )
  }
  for (const [index, { networks }] of edges.entries()) {
    checkNetworks(findings, ['proxies', 'edges', index, 'networks'], networks)
  }
}
