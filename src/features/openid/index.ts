/** How a person lets a program in, and what the program learns of them (OpenID Connect Core, OAuth 2.1). */
import type { Base } from '../../base.ts'
import { signInGrants } from '../../core/grants.ts'
import { clientAlgorithms } from '../../core/public-jwks.ts'
import { isOfDocument } from '../../core/records/client.ts'
import { signingAlgorithms } from '../../core/records/signing-key.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Feature } from '../../http/feature.ts'
import type { PageUsers } from '../../http/page-users.ts'
import type { Pages } from '../../http/pages.ts'
import type { Senders } from '../../http/senders.ts'
import type { Accounts, RegistrationMode } from '../accounts/index.ts'
import type { Clients } from '../clients/index.ts'
import type { Credentials } from '../credentials/index.ts'
import type { MailsOf } from '../../pages/mail.ts'
import type { Mail } from '../mail/index.ts'
import type { SenderConstraints } from '../sender-constraints/index.ts'
import type { Sessions } from '../sessions/index.ts'
import type { Subjects } from '../subjects/index.ts'
import type { SigningKeys } from '../signing-keys/index.ts'
import type { Tokens } from '../tokens/index.ts'
import { administeredGrantRoutes } from './admin.ts'
import { createAuthorize } from './authorize.ts'
import { authorizePages, authorizePath } from './authorize-pages.ts'
import { createConsents } from './consents.ts'
import { createDeviceDecisions } from './device/decide.ts'
import { devicePages } from './device/device-pages.ts'
import { createRedeemDeviceCode, type RedeemDeviceCode } from './device/redeem-device-code.ts'
import { createRequestDeviceCode, type RequestDeviceCode } from './device/request-device-code.ts'
import { grantsPages } from './grants-pages.ts'
import { createHandOut } from './hand-out.ts'
import type { openidMails } from './mails.ts'
import { createMakeIdToken } from './id-tokens.ts'
import { logoutPages, logoutPath } from './logout-pages.ts'
import { createRecentCodes } from './recent-codes.ts'
import { createRedeemCode, type RedeemCode } from './redeem-code.ts'
import { createRenewIdToken, type RenewIdTokenFor } from './renew-id-token.ts'
import { createOpenRequest } from './requests/open-request.ts'
import { createFindRequest } from './requests/find-request.ts'
import { createPushRequest, type PushRequest } from './requests/push-request.ts'
import { readAccess, responseModes } from './requests/read-request.ts'
import { grantRoutes } from './routes.ts'
import { createFindSender } from './sender.ts'
import { openIdClaims, openIdScopes } from './scopes.ts'
import type { OpenIdTexts } from './texts.ts'
import { createSignAnswer } from './sign-answer.ts'
import { userinfoPath, userinfoRoutes } from './userinfo-routes.ts'

export type { ShownGrant } from './schema.ts'
export type { openidEvents } from './audit-events.ts'
export type { RedeemDeviceCode } from './device/redeem-device-code.ts'
export type { RequestDeviceCode } from './device/request-device-code.ts'
export type { RenewIdTokenFor } from './renew-id-token.ts'
export type { RedeemCode } from './redeem-code.ts'
export type { PushRequest } from './requests/push-request.ts'

export interface OpenId extends Feature {
  readonly redeemCode: RedeemCode
  readonly pushRequest: PushRequest
  readonly requestDeviceCode: RequestDeviceCode
  readonly redeemDeviceCode: RedeemDeviceCode
  readonly renewIdTokenFor: RenewIdTokenFor
  /** What the metadata says of it, by the names of RFC 8414 and OpenID Connect Discovery 1.0. */
  metadata(): Readonly<Record<string, unknown>>
}

export function createOpenId(
  { stores, budgets, clock, audit, issuer, basePath, box, keyedHashes }: Base,
  config: { registration: RegistrationMode },
  needs: {
    accounts: Accounts
    clients: Clients
    sessions: Sessions
    tokens: Tokens
    credentials: Credentials
    senders: SenderConstraints
    signingKeys: SigningKeys
    subjects: Subjects
    hosts: { audienceOf(url: string): string | undefined }
    browser: BrowserGuards
    pageUsers: PageUsers
    pages: Pages<OpenIdTexts>
    mail: Mail<MailsOf<typeof openidMails>>
    /** Told which program has sent somebody. */
    referrers: Senders
  },
): OpenId {
  const { accounts, clients, sessions, tokens, credentials, signingKeys, hosts, browser, pageUsers, pages, subjects } =
    needs
  const { ring } = signingKeys
  const { authorizations, deviceCodes, pushedRequests, users } = stores
  const userinfoAudience = issuer + userinfoPath
  const makeIdToken = createMakeIdToken({ subjects, signFor: ring.signFor, algorithms: ring.algorithms, clock })
  const handOut = createHandOut({
    ...{ authorizations, sessions, issuer: tokens.issuer, makeIdToken, userinfoAudience, clock },
  })
  const userCodes = keyedHashes('device user code')
  const hashesOfUserCode = (code: string) => userCodes(code).map((hash) => hash.toString('base64url'))
  const decisions = createDeviceDecisions({
    ...{ deviceCodes, clients: stores.clients, users, mails: needs.mail, hashesOfUserCode },
    ...{ budgets, audit, clock, issuer },
  })
  const consents = createConsents({ authorizations, issuer, audit, clock })
  const where = { audienceOf: hosts.audienceOf, issuer, userinfoAudience }
  const openRequest = createOpenRequest({ verify: clients.verifySigned, issuer })
  const recentCodes = createRecentCodes()
  const authorize = createAuthorize({
    findRequest: createFindRequest({
      async findClient(id, address) {
        const client = await credentials.client(id)
        return client !== undefined && !isOfDocument(client) ? client : clients.documents.find(id, address)
      },
      ...{ pushedRequests, openRequest, where, clock },
      box: box('authorization request'),
    }),
    ...{ authorizations, recentCodes, pushedRequests, verifyIdToken: ring.verifyIdToken, subjects, audit, clock },
    keepClient: clients.documents.keep,
    mayRegister: config.registration.mode === 'open',
  })
  const signAnswer = createSignAnswer({ signFor: ring.signFor, clock })
  // The first program that gets ID tokens brings their keys.
  clients.onChange(async ({ grants }) => {
    if (signInGrants.some((grant) => grants.includes(grant))) await signingKeys.keepSchedule()
  })
  return {
    redeemCode: createRedeemCode({ authorizations, recentCodes, handOut, audit, clock }),
    requestDeviceCode: createRequestDeviceCode({
      ...{ deviceCodes, budgets, audit, clock },
      readAccess: (client, asked) => readAccess(client, asked, where),
      hashUserCode: (code) => hashesOfUserCode(code)[0]!,
    }),
    pushRequest: createPushRequest({ pushedRequests, openRequest, budgets, where, clock }),
    redeemDeviceCode: createRedeemDeviceCode({ deviceCodes, authorizations, handOut, clock }),
    renewIdTokenFor: createRenewIdToken({ authorizations, makeIdToken }),
    metadata: () => ({
      authorization_endpoint: issuer + authorizePath,
      userinfo_endpoint: userinfoAudience,
      end_session_endpoint: issuer + logoutPath,
      ...(clients.registrationEndpoint !== undefined && { registration_endpoint: clients.registrationEndpoint }),
      ...(clients.takesDocuments && { client_id_metadata_document_supported: true }),
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      response_types_supported: ['code'],
      response_modes_supported: responseModes,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      scopes_supported: openIdScopes,
      subject_types_supported: ['public', 'pairwise'],
      id_token_signing_alg_values_supported: signingAlgorithms,
      userinfo_signing_alg_values_supported: signingAlgorithms,
      authorization_signing_alg_values_supported: signingAlgorithms,
      claims_supported: openIdClaims,
      acr_values_supported: ['aal1', 'aal2'],
      prompt_values_supported: ['none', 'login', 'consent', 'select_account', 'create'],
      claims_parameter_supported: true,
      request_parameter_supported: true,
      request_object_signing_alg_values_supported: clientAlgorithms,
      require_signed_request_object: false,
      request_uri_parameter_supported: false,
    }),
    routes: {
      people: (app) => grantRoutes(app, { consents, limits: browser.limits }),
      async pages(app) {
        const shared = { ...browser, pageUsers, pages, basePath, referrers: needs.referrers }
        const findSender = createFindSender(clients.documents.known)
        await app.register((scope) =>
          authorizePages(scope as typeof app, { ...shared, authorize, signAnswer, findSender, issuer }),
        )
        await app.register((scope) => grantsPages(scope as typeof app, { ...shared, consents }))
        await app.register((scope) =>
          devicePages(scope as typeof app, { ...shared, decisions, box: box('device that waits') }),
        )
        await app.register((scope) =>
          logoutPages(scope as typeof app, {
            ...shared,
            clients: stores.clients,
            verifyIdToken: ring.verifyIdToken,
            subjects,
            endSession: sessions.end,
          }),
        )
      },
      admin: (app) => administeredGrantRoutes(app, { consents, users: accounts.administration }),
      oauth: (app) =>
        userinfoRoutes(app, {
          ...{
            accessToken: credentials.accessToken,
            signFor: ring.signFor,
            subjects,
            senders: needs.senders,
            audience: userinfoAudience,
          },
        }),
    },
  }
}
