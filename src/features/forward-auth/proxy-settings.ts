import { type Static, Type } from '../../json-schema.ts'
import { readNetwork } from '../../core/network.ts'
import { checkNetworks, type Findings, section, strict } from '../../settings.ts'

/** Proxies that must show a secret besides their address. */
const Edge = Type.Object(
  {
    networks: Type.Array(Type.String(), {
      minItems: 1,
      description: 'a list of networks with at least one: [10.0.0.5, …]',
    }),
    secret_sha256: Type.Array(
      Type.String({ pattern: '^[0-9a-f]{64}$', description: 'the SHA-256 of a secret: 64 digits and letters a to f' }),
      { minItems: 1, description: 'a list with the SHA-256 of at least one secret' },
    ),
  },
  strict,
)

/** The `proxies` section of gatehouse.yaml. */
export const ProxySettings = section({
  trusted: Type.Array(Type.String(), {
    description: 'a list of networks: [10.0.0.0/8, …]',
    default: ['127.0.0.1/32', '::1/128'],
  }),
  edges: Type.Array(Edge, { description: 'a list of edges: [{ networks: […], secret_sha256: […] }, …]', default: [] }),
  /** Whether `Authorization: Basic` with a client's id and secret counts at forward-auth. */
  basic: Type.Boolean({ default: false }),
  decide_within_milliseconds: Type.Integer({ minimum: 10, maximum: 30_000, default: 150 }),
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
