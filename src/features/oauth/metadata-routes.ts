import { type Static, Type } from '../../json-schema.ts'
import { grantTypes } from '../../core/grants.ts'
import { clientAuthMethods } from '../../core/client-auth.ts'
import { etagOf } from '../../core/etag.ts'
import { jwksPath, metadataPathsOf } from '../../core/issuer.ts'
import { clientAlgorithms } from '../../core/public-jwks.ts'
import { answersWith } from '../../http/document.ts'
import { sendPublic } from '../../http/etag.ts'
import { documentationPath } from '../../http/openapi.ts'
import type { App } from '../../http/server.ts'
import { introspectionAuthMethods, introspectionPath } from './introspection-routes.ts'
import { revocationPath, tokenPath } from './routes.ts'

const maxAgeSeconds = 300

/** The facts that other features know. */
export interface MetadataOptions {
  issuer: string
  /** What introspection answers are signed with; another list only when that changes. */
  introspectionAlgorithms(): readonly string[]
}

const Names = Type.Array(Type.String())
const Metadata = Type.Object(
  {
    issuer: Type.String(),
    token_endpoint: Type.String(),
    token_endpoint_auth_methods_supported: Names,
    token_endpoint_auth_signing_alg_values_supported: Names,
    grant_types_supported: Names,
    response_types_supported: Names,
    jwks_uri: Type.String(),
    introspection_endpoint: Type.String(),
    introspection_endpoint_auth_methods_supported: Names,
    introspection_endpoint_auth_signing_alg_values_supported: Names,
    introspection_signing_alg_values_supported: Names,
    revocation_endpoint: Type.String(),
    revocation_endpoint_auth_methods_supported: Names,
    revocation_endpoint_auth_signing_alg_values_supported: Names,
    service_documentation: Type.String(),
  },
  { description: 'RFC 8414 §2, and RFC 9701 §7 about signed introspection.' },
)

/** Says what this service is as an authorization server: what it does today, in the words of the code that does it. */
function describe(
  { issuer }: MetadataOptions,
  introspectionAlgorithms: readonly string[],
): Record<keyof Static<typeof Metadata>, unknown> {
  return {
    issuer,
    token_endpoint: issuer + tokenPath,
    token_endpoint_auth_methods_supported: clientAuthMethods,
    token_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    grant_types_supported: grantTypes,
    // There is no authorization endpoint. RFC 8414 requires the list (§2) and no empty one (§3.2); clients miss it more.
    response_types_supported: [],
    jwks_uri: issuer + jwksPath,
    introspection_endpoint: issuer + introspectionPath,
    introspection_endpoint_auth_methods_supported: introspectionAuthMethods,
    introspection_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    introspection_signing_alg_values_supported: introspectionAlgorithms,
    revocation_endpoint: issuer + revocationPath,
    revocation_endpoint_auth_methods_supported: clientAuthMethods,
    revocation_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    service_documentation: issuer + documentationPath,
  }
}

/** Publishes the authorization server metadata (RFC 8414 §3). Registered beside the base path, which its paths hold themselves. */
export async function metadataRoutes(app: App, options: MetadataOptions): Promise<void> {
  const make = (algorithms: readonly string[]) => {
    const body = JSON.stringify(describe(options, algorithms))
    return { algorithms, body, etag: etagOf(body) }
  }
  let made = make(options.introspectionAlgorithms())

  const { inserted, appended } = metadataPathsOf(options.issuer)
  for (const [place, url] of [...new Set([inserted, appended])].entries()) {
    app.get(
      url,
      {
        config: { access: 'public', answers: answersWith('Cache-Control', 'ETag') },
        schema: {
          operationId: place === 0 ? 'getAuthorizationServerMetadata' : 'getAuthorizationServerMetadataBelowIssuer',
          summary: 'What this authorization server does',
          description: 'The metadata of RFC 8414, by which clients configure themselves.',
          tags: ['OAuth'],
          security: [],
          response: {
            200: { description: 'The metadata.', content: { 'application/json': { schema: Metadata } } },
            304: Type.Null({ description: 'The copy named by `If-None-Match` is current.' }),
          },
        },
      },
      (request, reply) => {
        const algorithms = options.introspectionAlgorithms()
        if (algorithms !== made.algorithms) made = make(algorithms)
        sendPublic(request, reply, made, { type: 'application/json', maxAgeSeconds })
      },
    )
  }
}
