import { type Static, Type } from 'typebox'
import { checkNetworks, type Findings, section, strict } from '../../settings.ts'

/** Proxies that must show a secret besides their address. */
const Edge = Type.Object(
  {
    networks: Type.Array(Type.String(), { minItems: 1 }),
    secret_sha256: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' }), { minItems: 1 }),
  },
  strict,
)

/** The `proxies` section of gatehouse.yaml. */
export const ProxySettings = section({
  trusted: Type.Array(Type.String(), { default: ['127.0.0.1/32', '::1/128'] }),
  edges: Type.Array(Edge, { default: [] }),
  /** Whether `Authorization: Basic` with a client's id and secret counts at forward-auth. */
  basic: Type.Boolean({ default: false }),
  decide_within_milliseconds: Type.Integer({ minimum: 10, maximum: 30_000, default: 150 }),
})
export type ProxySettings = Static<typeof ProxySettings>

export function checkProxySettings({ trusted, edges }: ProxySettings, findings: Findings): void {
  checkNetworks(findings, ['proxies', 'trusted'], trusted)
  for (const [index, { networks }] of edges.entries()) {
    checkNetworks(findings, ['proxies', 'edges', index, 'networks'], networks)
  }
}
