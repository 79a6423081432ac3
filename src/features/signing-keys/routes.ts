import { Type } from '../../json-schema.ts'
import { answersWith } from '../../http/document.ts'
import { sendPublic } from '../../http/etag.ts'
import { jwksPath } from '../../core/issuer.ts'
import type { App } from '../../http/server.ts'
import type { KeyRing } from './key-ring.ts'

const JwkSet = Type.Object(
  {
    keys: Type.Array(
      Type.Object({
        kty: Type.String(),
        crv: Type.Optional(Type.String()),
        x: Type.Optional(Type.String()),
        y: Type.Optional(Type.String()),
        n: Type.Optional(Type.String()),
        e: Type.Optional(Type.String()),
        kid: Type.String(),
        use: Type.String(),
        alg: Type.String(),
      }),
    ),
  },
  {
    examples: [
      {
        keys: [
          {
            kty: 'EC',
            crv: 'P-256',
            x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
            y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
            kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
            use: 'sig',
            alg: 'ES256',
          },
        ],
      },
    ],
  },
)

/** Publishes the ring's public keys. Unlimited: it is asked often and costs nothing. */
export async function keyRoutes(app: App, options: { ring: KeyRing; maxAgeSeconds: number }): Promise<void> {
  const { ring, maxAgeSeconds } = options
  app.get(
    jwksPath,
    {
      config: { access: 'public', answers: answersWith('Cache-Control', 'ETag') },
      schema: {
        operationId: 'getJwks',
        summary: 'Public signing keys',
        description: 'The JWK set (RFC 7517) that verifies every token of this service. Public members only.',
        tags: ['Keys'],
        security: [],
        response: {
          200: { description: 'The key set.', content: { 'application/jwk-set+json': { schema: JwkSet } } },
          304: Type.Null({ description: 'The copy named by `If-None-Match` is current.' }),
        },
      },
    },
    (request, reply) => {
      sendPublic(request, reply, ring.jwks, { type: 'application/jwk-set+json', maxAgeSeconds })
    },
  )
}
