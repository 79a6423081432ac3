import { type Static, Type } from '../../json-schema.ts'
import { type Findings, section, setting } from '../../settings.ts'

/** The `dpop` section of gatehouse.yaml. */
export const DpopSettings = section({
  nonce: setting(
    'Where a DPoP proof must hold a nonce of the service, so that none can be made ahead of time: nowhere (`offered`: with one it is ' +
      'checked), at the token endpoint, or wherever a token is shown too.',
    Type.Enum(['offered', 'token_endpoint', 'everywhere'], {
      default: 'offered',
      title: 'offered, token_endpoint or everywhere',
    }),
  ),
})
export type DpopSettings = Static<typeof DpopSettings>

/** The `client_certificates` section of gatehouse.yaml. */
export const ClientCertificateSettings = section({
  enabled: setting(
    'Whether proxies of `proxies.edges` tell the certificate by which a client is connected to them, so that tokens can be bound to it ' +
      '(RFC 8705). What anybody else tells of one is ignored.',
    Type.Boolean({ default: false }),
  ),
  header: setting(
    'In which header they tell it: as a byte sequence (RFC 9440), or as PEM, escaped as in URLs or without its first and last line.',
    Type.String({
      pattern: '^[A-Za-z0-9-]*[Cc]ert[A-Za-z0-9-]*$',
      maxLength: 64,
      title: 'the name of a header for certificates, such as Client-Cert',
      default: 'Client-Cert',
    }),
  ),
  host: Type.Optional(
    setting(
      'Another host of the service, with its port where that is not the usual one, where the proxy asks for certificates, and at that of the ' +
        'issuer it does not: browsers would ask people for one. The metadata names it in `mtls_endpoint_aliases`.',
      Type.String({
        pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?$',
        title: 'a host such as mtls.example.com',
      }),
    ),
  ),
})
export type ClientCertificateSettings = Static<typeof ClientCertificateSettings>

/** `edges`: how many there are that show a secret. */
export function checkClientCertificates(
  { enabled, host }: ClientCertificateSettings,
  { edges, issuer }: { edges: number; issuer: string | undefined },
  findings: Findings,
): void {
  if (enabled && edges === 0) {
    findings.fault(
      ['client_certificates', 'enabled'],
      'expected false: there is no edge in proxies.edges, and nobody is believed without its secret',
    )
  }
  if (host !== undefined && issuer !== undefined && host === new URL(issuer).host) {
    findings.fault(['client_certificates', 'host'], 'expected another host than the one of the issuer')
  }
}
