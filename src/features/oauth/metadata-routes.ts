import { type Static, Type } from '../../json-schema.ts'
import { grantTypes } from '../../core/grants.ts'
import { clientAuthMethods } from '../../core/client-auth.ts'
import { etagOf } from '../../core/etag.ts'
import { jwksPath, metadataPathsOf, openIdMetadataPathsOf } from '../../core/issuer.ts'
import { clientAlgorithms } from '../../core/public-jwks.ts'
import { answersWith } from '../../http/document.ts'
import { sendPublic } from '../../http/etag.ts'
import { documentationPath } from '../../http/openapi.ts'
import type { App } from '../../http/server.ts'
import type { SenderConstraints } from '../sender-constraints/index.ts'
import { deviceAuthorizationPath } from './device-authorization-routes.ts'
import { introspectionAuthMethods, introspectionPath } from './introspection-routes.ts'
import { pushedRequestsPath } from './pushed-requests-routes.ts'
import { revocationPath, tokenPath } from './routes.ts'

const maxAgeSeconds = 300

/** The facts that other features know. */
export interface MetadataOptions {
  issuer: string
  /** What it says as a provider of sign-in. */
  openid(): Readonly<Record<string, unknown>>
  /** What introspection answers are signed with; another list only when that changes. */
  introspectionAlgorithms(): readonly string[]
  senders: Pick<SenderConstraints, 'algorithms' | 'certificateHeader' | 'aliasOf'>
}

const Names = Type.Array(Type.String())
const OpenId = {
  authorization_endpoint: Type.String(),
  userinfo_endpoint: Type.String(),
  end_session_endpoint: Type.String(),
  registration_endpoint: Type.Optional(Type.String()),
  client_id_metadata_document_supported: Type.Optional(Type.Boolean()),
  backchannel_logout_supported: Type.Boolean(),
  backchannel_logout_session_supported: Type.Boolean(),
  response_types_supported: Names,
  response_modes_supported: Names,
  code_challenge_methods_supported: Names,
  authorization_response_iss_parameter_supported: Type.Boolean(),
  scopes_supported: Names,
  subject_types_supported: Names,
  id_token_signing_alg_values_supported: Names,
  userinfo_signing_alg_values_supported: Names,
  authorization_signing_alg_values_supported: Names,
  claims_supported: Names,
  acr_values_supported: Names,
  prompt_values_supported: Names,
  claims_parameter_supported: Type.Boolean(),
  request_parameter_supported: Type.Boolean(),
  request_object_signing_alg_values_supported: Names,
  require_signed_request_object: Type.Boolean(),
  request_uri_parameter_supported: Type.Boolean(),
}
const Certificates = {
  tls_client_certificate_bound_access_tokens: Type.Optional(Type.Boolean()),
  mtls_endpoint_aliases: Type.Optional(Type.Record(Type.String(), Type.String())),
}
const Metadata = Type.Object(
  {
    issuer: Type.String(),
    ...OpenId,
    token_endpoint: Type.String(),
    token_endpoint_auth_methods_supported: Names,
    token_endpoint_auth_signing_alg_values_supported: Names,
    grant_types_supported: Names,
    jwks_uri: Type.String(),
    introspection_endpoint: Type.String(),
    introspection_endpoint_auth_methods_supported: Names,
    introspection_endpoint_auth_signing_alg_values_supported: Names,
    introspection_signing_alg_values_supported: Names,
    pushed_authorization_request_endpoint: Type.String(),
    require_pushed_authorization_requests: Type.Boolean(),
    device_authorization_endpoint: Type.String(),
    revocation_endpoint: Type.String(),
    revocation_endpoint_auth_methods_supported: Names,
    revocation_endpoint_auth_signing_alg_values_supported: Names,
    dpop_signing_alg_values_supported: Names,
    ...Certificates,
    service_documentation: Type.String(),
  },
  {
    description:
      'RFC 8414 §2, OpenID Connect Discovery 1.0 §3, RFC 8628 §4, RFC 8705 §3.3 and §5, RFC 9207 §3, RFC 9126 §5, and RFC 9701 §7 about signed introspection.',
  },
)

/** Says what this service is as an authorization server: what it does today, in the words of the code that does it. */
function describe(
  { issuer, openid, senders }: MetadataOptions,
  introspectionAlgorithms: readonly string[],
): Record<Exclude<keyof Static<typeof Metadata>, keyof typeof OpenId | keyof typeof Certificates>, unknown> {
  return {
    issuer,
    ...openid(),
    token_endpoint: issuer + tokenPath,
    token_endpoint_auth_methods_supported: clientAuthMethods,
    token_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    grant_types_supported: grantTypes,
    jwks_uri: issuer + jwksPath,
    introspection_endpoint: issuer + introspectionPath,
    introspection_endpoint_auth_methods_supported: introspectionAuthMethods,
    introspection_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    introspection_signing_alg_values_supported: introspectionAlgorithms,
    pushed_authorization_request_endpoint: issuer + pushedRequestsPath,
    require_pushed_authorization_requests: false,
    device_authorization_endpoint: issuer + deviceAuthorizationPath,
    revocation_endpoint: issuer + revocationPath,
    revocation_endpoint_auth_methods_supported: clientAuthMethods,
    revocation_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    dpop_signing_alg_values_supported: senders.algorithms,
    service_documentation: issuer + documentationPath,
  }
}

/** Where a client asks that is connected by a certificate (RFC 8705 §5). */
const aliased = [
  ...(['token_endpoint', 'revocation_endpoint', 'introspection_endpoint', 'userinfo_endpoint'] as const),
  ...(['pushed_authorization_request_endpoint', 'device_authorization_endpoint'] as const),
]

function aliasesOf(metadata: Readonly<Record<string, unknown>>, { aliasOf }: MetadataOptions['senders']) {
  const found = aliased.map((name) => [name, aliasOf(metadata[name] as string)] as const)
  return found.some(([, url]) => url === undefined) ? undefined : Object.fromEntries(found)
}

/** Publishes the authorization server metadata (RFC 8414 §3). Registered beside the base path, which its paths hold themselves. */
export async function metadataRoutes(app: App, options: MetadataOptions): Promise<void> {
  const make = () => {
    const algorithms = options.introspectionAlgorithms()
    const described = describe(options, algorithms)
    const { senders } = options
    const body = JSON.stringify({
      ...described,
      ...(senders.certificateHeader !== undefined && { tls_client_certificate_bound_access_tokens: true }),
      mtls_endpoint_aliases: aliasesOf(described, senders),
    })
    return { algorithms, body, etag: etagOf(body) }
  }
  let made = make()

  const { inserted, appended } = metadataPathsOf(options.issuer)
  const openId = openIdMetadataPathsOf(options.issuer)
  const places = [
    ...[...new Set([inserted, appended])].map((url, place) => ({ url, name: 'AuthorizationServerMetadata', place })),
    ...[...new Set([openId.appended, openId.inserted])].map((url, place) => ({
      url,
      name: 'OpenIdConfiguration',
      place,
    })),
  ]
  for (const { url, name, place } of places) {
    const elsewhere = name === 'OpenIdConfiguration' ? 'BeforeIssuer' : 'BelowIssuer'
    app.get(
      url,
      {
        config: { access: 'public', answers: answersWith('Cache-Control', 'ETag') },
        schema: {
          operationId: `get${name}${place === 0 ? '' : elsewhere}`,
          summary:
            name === 'OpenIdConfiguration' ? 'What this OpenID provider does' : 'What this authorization server does',
          description:
            'The metadata of RFC 8414 and OpenID Connect Discovery 1.0 in one, by which clients configure themselves.',
          tags: ['OAuth'],
          security: [],
          response: {
            200: { description: 'The metadata.', content: { 'application/json': { schema: Metadata } } },
            304: Type.Null({ description: 'The copy named by `If-None-Match` is current.' }),
          },
        },
      },
      (request, reply) => {
        if (options.introspectionAlgorithms() !== made.algorithms) made = make()
        sendPublic(request, reply, made, { type: 'application/json', maxAgeSeconds })
      },
    )
  }
}
