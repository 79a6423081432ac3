import type { FastifyReply, FastifyRequest } from 'fastify'
import { etagOf } from '../../core/etag.ts'
import { GatehouseError } from '../../core/errors.ts'
import { resourceMetadataPath, resourceOf } from '../../core/protected-resource.ts'
import { allEscaped } from '../../core/request-path.ts'
import { parseRequestTarget } from '../../core/request-target.ts'
import { answersWith } from '../../http/document.ts'
import { sendPublic } from '../../http/etag.ts'
import { hidden } from '../../http/page-requests.ts'
import { problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { SenderConstraints } from '../sender-constraints/index.ts'
import type { AccessRules } from './access-rules.ts'

const maxAgeSeconds = 300

const Names = Type.Array(Type.String())
const Metadata = Type.Object(
  {
    resource: Type.String(),
    authorization_servers: Names,
    bearer_methods_supported: Names,
    dpop_signing_alg_values_supported: Names,
    tls_client_certificate_bound_access_tokens: Type.Optional(Type.Boolean()),
    resource_name: Type.Optional(Type.String()),
  },
  {
    description: 'RFC 9728 §2.',
    examples: [
      {
        resource: 'https://app.example.com/mcp',
        authorization_servers: ['https://auth.example.com'],
        bearer_methods_supported: ['header'],
        dpop_signing_alg_values_supported: ['ES256', 'EdDSA'],
      },
    ],
  },
)

/**
 * Tells programs which authorization server stands for a protected host (RFC 9728 §3), as its proxy leads them here. What is told is the
 * same for every path, but for the `resource`, which is the one that was asked about (§3.3). There is nothing on a host that takes no
 * access tokens.
 */
export async function resourceRoutes(
  app: App,
  options: {
    rules(): AccessRules
    issuer: string
    senders: Pick<SenderConstraints, 'algorithms' | 'certificateHeader'>
  },
): Promise<void> {
  const { rules, issuer, senders } = options

  function tell(request: FastifyRequest, reply: FastifyReply): void {
    const [path = ''] = request.url.slice(resourceMetadataPath.length).split('?', 1)
    // As strictly as the question about the resource itself.
    const target = parseRequestTarget(
      { method: 'GET', scheme: request.protocol, host: request.host, target: path === '' ? '/' : path },
      allEscaped,
    )
    const policy = typeof target === 'object' ? rules().host(target.authority) : undefined
    if (typeof target !== 'object' || policy?.takesTokens !== true) throw new GatehouseError('not_found')
    const body = JSON.stringify({
      resource: resourceOf(target),
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: senders.algorithms,
      ...(senders.certificateHeader !== undefined && { tls_client_certificate_bound_access_tokens: true }),
      ...(policy.about.title !== undefined && { resource_name: policy.about.title }),
    })
    sendPublic(request, reply, { body, etag: etagOf(body) }, { type: 'application/json', maxAgeSeconds })
  }

  for (const [url, operationId] of [
    [resourceMetadataPath, 'getProtectedResource'],
    [`${resourceMetadataPath}/:path`, 'getProtectedResourceOfPath'],
  ] as const) {
    app.get(
      url,
      {
        config: { access: 'public', answers: answersWith('Cache-Control', 'ETag') },
        schema: {
          operationId,
          summary: 'Which authorization server stands for a protected host',
          description:
            'On the protected host itself, for its programs (RFC 9728). Behind the name stands the path of the resource, of any length.',
          tags: ['OAuth'],
          security: [],
          ...(url.endsWith(':path') && {
            params: Type.Object({ path: Type.String({ description: 'The path of the resource.' }) }),
          }),
          response: {
            200: { description: 'The metadata.', content: { 'application/json': { schema: Metadata } } },
            304: Type.Null({ description: 'The copy named by `If-None-Match` is current.' }),
            ...problems('not_found'),
          },
        },
      },
      tell,
    )
  }
  app.get(`${resourceMetadataPath}/*`, { config: { access: 'public' }, schema: hidden }, tell)
}
