/** What programs ask for: tokens, introspection, revocation, and the metadata by which they find their way. */
import type { Base } from '../../base.ts'
import type { Feature } from '../../http/feature.ts'
import type { Clients } from '../clients/index.ts'
import type { Credentials } from '../credentials/index.ts'
import type { OpenId } from '../openid/index.ts'
import type { SenderConstraints } from '../sender-constraints/index.ts'
import type { Sessions } from '../sessions/index.ts'
import type { Subjects } from '../subjects/index.ts'
import type { SigningKeys } from '../signing-keys/index.ts'
import type { Tokens } from '../tokens/index.ts'
import { deviceAuthorizationRoutes } from './device-authorization-routes.ts'
import { createReadProof } from './http/proofs.ts'
import { createIntrospect } from './introspect.ts'
import { introspectionRoutes } from './introspection-routes.ts'
import { metadataRoutes } from './metadata-routes.ts'
import { createRevokeToken } from './revoke.ts'
import { pushedRequestsRoutes } from './pushed-requests-routes.ts'
import { oauthRoutes } from './routes.ts'
import { createSignIntrospection } from './sign-introspection.ts'
import { createExchangeToken } from './token-exchange.ts'
import { createGrantTokens } from './token.ts'

export function createOAuth(
  { stores, clock, audit, issuer, basePath }: Base,
  needs: {
    clients: Clients
    sessions: Sessions
    tokens: Tokens
    credentials: Credentials
    signingKeys: SigningKeys
    subjects: Subjects
    openid: OpenId
    senders: SenderConstraints
    hosts: { audienceOf(url: string): string | undefined }
  },
): Feature {
  const { tokens, credentials } = needs
  const { ring } = needs.signingKeys
  const authenticateClient = needs.clients.authenticate
  const exchangeToken = createExchangeToken({
    verifyAccessToken: ring.verifyAccessToken,
    subjects: needs.subjects,
    prove: credentials.claims,
    issue: tokens.issuer.forDelegation,
    audit,
    deploymentAudience: issuer,
  })
  const shared = { authenticateClient, readProof: createReadProof(needs.senders), issuer }
  return {
    routes: {
      async machines(app) {
        await app.register(metadataRoutes, {
          issuer,
          openid: needs.openid.metadata,
          senders: needs.senders,
          introspectionAlgorithms: () => ring.algorithms('token-introspection+jwt'),
        })
        await app.register(introspectionRoutes, {
          prefix: basePath,
          authenticateClient,
          introspect: createIntrospect({
            accessToken: credentials.accessToken,
            apiKey: credentials.apiKey,
            refreshTokens: stores.refreshTokens,
            subjects: needs.subjects,
            clock,
            issuer,
          }),
          signIntrospection: createSignIntrospection({ sign: ring.sign, clock }),
        })
      },
      async oauth(app) {
        await app.register((scope) =>
          pushedRequestsRoutes(scope as typeof app, { ...shared, pushRequest: needs.openid.pushRequest }),
        )
        await app.register(deviceAuthorizationRoutes, {
          ...{ authenticateClient, issuer, requestDeviceCode: needs.openid.requestDeviceCode },
        })
        await app.register(oauthRoutes, {
          ...shared,
          certificateOf: needs.senders.certificateOf,
          grantTokens: createGrantTokens({
            forClient: tokens.issuer.forClient,
            rotateRefresh: tokens.rotateRefresh,
            exchangeToken,
            redeemCode: needs.openid.redeemCode,
            audienceOf: needs.hosts.audienceOf,
            redeemDeviceCode: needs.openid.redeemDeviceCode,
            renewIdTokenFor: needs.openid.renewIdTokenFor,
            deploymentAudience: issuer,
          }),
          revokeToken: createRevokeToken({
            verifyAccessToken: ring.verifyAccessToken,
            refreshTokens: stores.refreshTokens,
            accessTokens: stores.accessTokens,
            apiKeys: stores.apiKeys,
            authorizations: stores.authorizations,
            endSession: needs.sessions.end,
            subjects: needs.subjects,
            audit,
            clock,
          }),
        })
      },
    },
  }
}
