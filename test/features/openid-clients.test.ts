/** Unmodified client libraries sign people in here. */
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { browserOf, callback, letIn, registerProgram, startProvider } from '../support/openid.ts'

for (const backend of backends) {
  void test(`client libraries on ${backend.name} stores`, async (t) => {
    const service = await startProvider(t, { backend })
    const ada = await service.createUser()
    const browser = browserOf(service)
    await browser.signIn(ada)
    const insecure = { execute: [client.allowInsecureRequests] }

    await t.test('openid-client signs somebody in, checks the signature, asks userinfo and refreshes', async (t) => {
      const { client_id, client_secret } = await registerProgram(service)
      const config = await client.discovery(new URL(service.issuer), client_id, client_secret, undefined, insecure)
      client.enableNonRepudiationChecks(config)
      const pkceCodeVerifier = client.randomPKCECodeVerifier()
      const [expectedNonce, expectedState] = [client.randomNonce(), client.randomState()]
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: callback,
        scope: 'openid profile email groups offline_access',
        code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        nonce: expectedNonce,
        state: expectedState,
        max_age: '3600',
      })
      const told = await letIn(browser, url.href)
      const answer = new URL(`${callback}?${String(new URLSearchParams(told))}`)
      const checks = { pkceCodeVerifier, expectedNonce, expectedState, maxAge: 3_600 }
      const tokens = await client.authorizationCodeGrant(config, answer, checks)
      const claims = tokens.claims()!
      t.match(claims, { sub: ada.id, aud: client_id, azp: client_id, email: ada.email, email_verified: true })
      t.match(claims, { name: 'Ada Lovelace', preferred_username: ada.email, groups: [], acr: 'aal1', amr: ['pwd'] })
      const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
      t.match(userinfo, { sub: ada.id, email: ada.email, email_verified: true, name: 'Ada Lovelace' })
      const again = await client.refreshTokenGrant(config, tokens.refresh_token!)
      t.not(again.access_token, tokens.access_token)
      t.match(await client.fetchUserInfo(config, again.access_token, claims.sub), { sub: ada.id })
      const leave = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token! })
      t.equal(new URL(leave.href).pathname, '/oauth/logout')
    })

    await t.test('openid-client on a device gets its tokens once somebody has let it in', async (t) => {
      const { client_id } = await registerProgram(service, {
        grants: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
        ...{ redirect_uris: [], public: true },
      })
      const config = await client.discovery(new URL(service.issuer), client_id, undefined, client.None(), insecure)
      const asked = await client.initiateDeviceAuthorization(config, { scope: 'openid offline_access' })
      const page = await browser.visit(asked.verification_uri_complete!)
      const decided = await browser.fillIn(await browser.fillIn(page, {}), { answer: 'allow' })
      t.match(decided.answer.body, 'The device is let in')
      // It is let in already, so that there is nothing to wait for.
      const tokens = await client.pollDeviceAuthorizationGrant(config, { ...asked, interval: 0 })
      t.match(tokens.claims(), { sub: ada.id, aud: client_id })
      const again = await client.refreshTokenGrant(config, tokens.refresh_token!)
      t.match(await client.fetchUserInfo(config, again.access_token, ada.id), { sub: ada.id })
    })

    await t.test('oauth4webapi signs somebody in with a public client', async (t) => {
      const { client_id } = await registerProgram(service, { public: true })
      const options = { [oauth.allowInsecureRequests]: true }
      const issuer = new URL(service.issuer)
      const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
      const it = { client_id }
      const verifier = oauth.generateRandomCodeVerifier()
      const url = new URL(as.authorization_endpoint!)
      url.search = String(
        new URLSearchParams({
          ...{ client_id, redirect_uri: callback, response_type: 'code', scope: 'openid email', state: 'xyz' },
          ...{ code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
        }),
      )
      const told = await letIn(browser, url.href)
      const parameters = oauth.validateAuthResponse(as, it, new URLSearchParams(told), 'xyz')
      const response = await oauth.authorizationCodeGrantRequest(
        ...([as, it, oauth.None(), parameters, callback, verifier, options] as const),
      )
      const result = await oauth.processAuthorizationCodeResponse(as, it, response, { requireIdToken: true })
      t.match(oauth.getValidatedIdTokenClaims(result), { sub: ada.id, email: ada.email })
      t.notOk(result.refresh_token, 'which nobody asked for')
    })
  })
}
