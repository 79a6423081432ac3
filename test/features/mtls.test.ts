/** Tokens that are good for nobody but whoever is connected by the certificate that they are bound to (RFC 8705 §3). */
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { makeCertificate, type TestCertificate } from '../support/client-certificates.ts'
import { createProver } from '../support/dpop.ts'
import { claimsOf, introspect, makeKey, post, refuses, register } from '../support/oauth.ts'
import { browserOf, callback, letIn, registerProgram, requestOf, startProvider, verifier } from '../support/openid.ts'
import { freePort, scratchFolder } from '../support/servers.ts'
import { asks, bearer, type Service, startService } from '../support/service.ts'

const secret = randomBytes(32).toString('hex')
const edgesIn = (network: string) => ({
  edges: [{ networks: [network], secret_sha256: [createHash('sha256').update(secret).digest('hex')] }],
})
const yaml = {
  hosts: { 'app.example.test': { audience: 'app', rules: [{ allow: 'signed-in' }] } },
  proxies: edgesIn('127.0.0.0/8'),
  client_certificates: { enabled: true },
}
const edge = { 'x-edge-secret': secret }
/** What an edge says that asks for somebody with this certificate. */
const shown = (certificate: Pick<TestCertificate, 'told'>) => ({ ...edge, 'client-cert': certificate.told })
const bound = { tls_client_certificate_bound_access_tokens: true }
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

for (const backend of backends) {
  void test(`tokens that are bound to a certificate, on ${backend.name} stores`, async (t) => {
    const folder = scratchFolder(t)
    const own = await makeCertificate(folder, 'own')
    const foreign = await makeCertificate(folder, 'foreign', 'rsa:2048')
    const service = await startProvider(t, { backend, yaml })
    const { clock, issuer } = service
    const cnf = { 'x5t#S256': own.thumbprint }
    const job = await register(service, { audiences: ['app', 'other'], scopes: [], ...bound })
    const ask = (headers: object, client = job, change: Record<string, string> = {}) =>
      post(service, '/oauth/token', { grant_type: 'client_credentials', ...client, ...change }, headers)
    const issue = async (): Promise<string> => (await ask(shown(own))).json().access_token
    const question = (token: string, headers: object, at: Service = service, scheme = 'Bearer') => {
      const asked = { ...asks({ path: '/x' }), authorization: `${scheme} ${token}`, ...headers }
      return at.call('/forward-auth', { headers: asked })
    }

    await t.test('a client that is registered for it gets bound tokens, and none without a certificate', async (t) => {
      const answer = await ask(shown(own))
      t.match([answer.status, answer.json()], [200, { token_type: 'Bearer' }])
      t.same(claimsOf(answer.json().access_token)['cnf'], cnf)
      for (const headers of [{}, edge, { 'client-cert-chain': own.told, ...edge }]) {
        refuses(t, await ask(headers), 400, 'invalid_request')
      }
      const plain = await register(service, { scopes: [] })
      const { access_token: token } = (await ask(shown(own), plain)).json()
      t.equal(claimsOf(token)['cnf'], undefined, 'other clients may be connected by one for other reasons')
    })

    await t.test('nobody is believed who does not show the secret of an edge', async (t) => {
      const token = await issue()
      const told = { 'client-cert': own.told }
      const secrets: object[] = ['', 'guessed', secret.toUpperCase(), [secret, secret]].map((one) => {
        return { 'client-cert': own.told, 'x-edge-secret': one }
      })
      const hostile: object[] = [
        ...[told, ...secrets],
        { ...told, x_edge_secret: secret },
        { ...edge, client_cert: own.told },
        { ...edge, 'x-client-cert': own.told, 'x-forwarded-tls-client-cert': own.told },
      ]
      const me = await service.signIn(await service.createUser())
      for (const headers of hostile) {
        const about = JSON.stringify(Object.keys(headers))
        refuses(t, await ask(headers), 400, 'invalid_request', about)
        t.ok([401, 403].includes((await question(token, headers)).status), about)
        const told = await service.call('/oauth/userinfo', { headers: { ...headers, ...bearer(token) } })
        t.equal(told.status, 401, about)
      }
      t.equal((await question(me.accessToken, edge)).status, 200)
    })

    await t.test('a certificate is read in each way in which proxies write it', async (t) => {
      for (const certificate of [own, foreign]) {
        const text = certificate.told.slice(1, -1)
        const spellings: Record<string, string> = {
          'RFC 9440': certificate.told,
          'escaped PEM': encodeURIComponent(certificate.pem),
          'escaped PEM in small letters': encodeURIComponent(certificate.pem).replaceAll(/%../g, (one) =>
            one.toLowerCase(),
          ),
          'PEM in one line': certificate.pem.trim().replaceAll('\n', ' '),
          'without its delimiters': text,
          'that, escaped': encodeURIComponent(text),
        }
        for (const [what, value] of Object.entries(spellings)) {
          const answer = await ask({ ...edge, 'client-cert': value })
          t.match([answer.status], [200], what)
          t.equal(claimsOf(answer.json().access_token)['cnf']['x5t#S256'], certificate.thumbprint, what)
        }
      }
    })

    await t.test('what is not one certificate is none, whatever it is, and never a fault of ours', async (t) => {
      const token = await issue()
      const large = await makeCertificate(folder, 'large', 'ec', ['-addext', `nsComment=${'x'.repeat(12_500)}`])
      const text = own.told.slice(1, -1)
      const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes as string).toString('base64')
      const escaped = encodeURIComponent(own.pem)
      const odd: Record<string, string | string[]> = {
        nothing: '',
        'no bytes': '::',
        'a colon': ':',
        'a dash': '-',
        words: 'nonsense',
        'words between colons': ':nonsense:',
        'two headers': [own.told, own.told],
        'two headers, one of them empty': ['', own.told],
        'a list': `${own.told}, ${foreign.told}`,
        'a chain': `${text},${foreign.told.slice(1, -1)}`,
        'two that are joined': `:${base64(Buffer.concat([own.der, foreign.der]))}:`,
        'two in a PEM': encodeURIComponent(own.pem + foreign.pem),
        'something behind it': `:${base64(Buffer.concat([own.der, Buffer.from([0])]))}:`,
        'cut short': `:${base64(own.der.subarray(0, -1))}:`,
        'changed in its length': `:${base64(own.der.map((byte, at) => (at === 2 ? byte ^ 1 : byte)))}:`,
        'a parameter behind it': `${own.told};a=1`,
        'with spaces': ` ${text.slice(0, 10)} : ${text.slice(10)}`,
        'the letters of URLs': `:${own.der.toString('base64url')}:`,
        'a key': encodeURIComponent(own.key),
        'a PEM within base64': `:${base64(own.pem)}:`,
        'another kind of PEM': encodeURIComponent(own.pem.replaceAll('CERTIFICATE', 'X509 CRL')),
        'an escape that is none': `%zz${escaped}`,
        'half an escape': `${escaped}%`,
        'bytes that are no UTF-8': `%ff%fe${escaped}`,
        'delimiters alone': '-----BEGIN CERTIFICATE----------END CERTIFICATE-----',
        'much of nothing': `:${'A'.repeat(30_000)}:`,
        'much that nests': `:${base64(Buffer.alloc(9_000, 0x30))}:`,
        'lengths without end': `:${base64(Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30]))}:`,
        'Latin-1': 'caf\xe9',
        'more than any certificate has': large.told,
      }
      for (const [what, value] of Object.entries(odd)) {
        const headers = { ...edge, 'client-cert': value }
        refuses(t, await ask(headers), 400, 'invalid_request', what)
        t.equal((await question(token, headers)).status, 401, what)
      }
      const plain = await register(service, { scopes: [] })
      t.equal((await ask({ ...edge, 'client-cert': 'nonsense' }, plain)).status, 200, 'and no matter to others')
    })

    await t.test('68: forward-auth takes a bound token over its certificate, and over no other', async (t) => {
      const token = await issue()
      const replica =
        service.backend.replica === undefined
          ? service
          : await startService(t, { beside: service, yaml, environment: { GATEHOUSE_ISSUER: issuer } })
      for (const at of [service, replica]) {
        const answer = await question(token, shown(own), at)
        t.match([answer.status, answer.headers['x-auth-subject']], [200, job.client_id])
        for (const headers of [shown(foreign), edge]) {
          const denied = await question(token, headers, at)
          t.match([denied.status, denied.headers['www-authenticate']], [401, /^Bearer .*error="invalid_token"/])
        }
        t.equal((await question(token, shown(own), at)).status, 200, 'which another’s try does not change')
      }
      const asNginx = { 'x-original-method': 'GET', 'x-original-url': 'http://app.example.test/x', ...bearer(token) }
      const byNginx = (headers: object) => service.call('/forward-auth/nginx', { headers: { ...asNginx, ...headers } })
      const escaped = { ...edge, 'client-cert': encodeURIComponent(own.pem) }
      t.equal((await byNginx(escaped)).status, 200)
      t.equal((await byNginx(shown(foreign))).status, 401)
      const asDpop = await question(token, shown(own), service, 'DPoP')
      t.equal(asDpop.status, 401, 'it is bound to no key')
    })

    await t.test('a key and a certificate bind together: both are shown, or nothing opens', async (t) => {
      const [prover, stranger] = [await createProver(clock), await createProver(clock)]
      const both = { ...shown(own), dpop: await prover.prove({ url: `${issuer}/oauth/token` }) }
      const answer = await ask(both)
      const { access_token: token } = answer.json()
      t.match([answer.json().token_type, claimsOf(token)['cnf']], ['DPoP', { ...cnf, jkt: prover.jkt }])
      const proof = async (by = prover) => ({
        dpop: await by.prove({ method: 'GET', url: 'http://app.example.test/x', token }),
      })
      t.equal((await question(token, { ...shown(own), ...(await proof()) }, service, 'DPoP')).status, 200)
      const refused: object[] = [
        { ...shown(foreign), ...(await proof()) },
        { ...edge, ...(await proof()) },
        { ...shown(own), ...(await proof(stranger)) },
        shown(own),
      ]
      for (const headers of refused) t.equal((await question(token, headers, service, 'DPoP')).status, 401)
      t.equal((await question(token, shown(own))).status, 401, 'as Bearer')
      const strict = await register(service, { scopes: [], ...bound, dpop_bound_access_tokens: true })
      refuses(t, await ask(shown(own), strict), 400, 'invalid_dpop_proof')
    })

    await t.test('introspection tells what a token is bound to', async (t) => {
      const [status, told] = await introspect(service, job, await issue())
      t.match([status, told], [200, { active: true, token_type: 'Bearer', cnf }])
    })

    await t.test('what is exchanged is bound to the certificate of whoever exchanged it', async (t) => {
      const change = {
        grants: [exchangeGrant, 'client_credentials'],
        audiences: ['app', 'other'],
        scopes: [],
        ...bound,
      }
      const middle = await register(service, change)
      const form = {
        ...{
          grant_type: exchangeGrant,
          ...middle,
          subject_token: (await ask(shown(foreign), middle)).json().access_token,
        },
        ...{ subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', audience: 'app' },
      }
      const answer = await post(service, '/oauth/token', form, shown(own))
      t.same(claimsOf(answer.json().access_token)['cnf'], cnf)
      refuses(t, await post(service, '/oauth/token', form, edge), 400, 'invalid_request')
    })

    const ada = await service.createUser()
    const browser = browserOf(service)
    await browser.signIn(ada)
    const scopes = ['openid', 'profile', 'email', 'offline_access']
    const redeemed = async (program: Awaited<ReturnType<typeof registerProgram>>, headers: object) => {
      const { code } = await letIn(browser, requestOf(service, program, { scope: scopes.join(' ') }))
      const { client_id, client_secret } = program
      const form = { grant_type: 'authorization_code', code: code!, redirect_uri: callback, code_verifier: verifier }
      const of = { client_id, ...(client_secret && { client_secret }) }
      return {
        answer: (await post(service, '/oauth/token', { ...form, ...of }, headers)).json(),
        refresh: (refresh_token: string, by: object) =>
          post(service, '/oauth/token', { grant_type: 'refresh_token', refresh_token, ...of }, by),
      }
    }

    await t.test('refresh tokens of public programs are bound to it too, those of others to the program', async (t) => {
      const app = await registerProgram(service, { public: true, scopes, ...bound })
      const { answer: first, refresh } = await redeemed(app, shown(own))
      t.same(claimsOf(first.access_token)['cnf'], cnf)
      refuses(t, await refresh(first.refresh_token, shown(foreign)), 400, 'invalid_grant')
      refuses(t, await refresh(first.refresh_token, edge), 400, 'invalid_request')
      const next = await refresh(first.refresh_token, shown(own))
      t.match([next.status, claimsOf(next.json().access_token)['cnf']], [200, cnf])

      const wiki = await registerProgram(service, { scopes, ...bound })
      const other = await redeemed(wiki, shown(own))
      const renewed = await other.refresh(other.answer.refresh_token, shown(foreign))
      t.same(claimsOf(renewed.json().access_token)['cnf'], { 'x5t#S256': foreign.thumbprint }, 'a new certificate')
      await service.operate('PUT', `/clients/${wiki.client_id}`, { tls_client_certificate_bound_access_tokens: false })
      const unbound = await other.refresh(renewed.json().refresh_token, {})
      t.match([unbound.status, claimsOf(unbound.json().access_token)['cnf']], [200, undefined], 'an operator’s change')
      t.equal((await question(renewed.json().access_token, edge)).status, 401, 'frees no token that is there')
    })

    await t.test('userinfo takes a bound token over its certificate, and over no other', async (t) => {
      const app = await registerProgram(service, { public: true, scopes, ...bound })
      const { access_token: token } = (await redeemed(app, shown(own))).answer
      const told = (headers: object) => service.call('/oauth/userinfo', { headers: { ...bearer(token), ...headers } })
      t.match((await told(shown(own))).json(), { sub: ada.id })
      for (const headers of [{}, edge, shown(foreign), { 'client-cert': own.told }]) {
        const denied = await told(headers)
        t.match([denied.status, denied.json()], [401, { error: 'invalid_token' }])
        t.match(denied.headers['www-authenticate'], /^Bearer .*error="invalid_token"/)
      }
      const form = { access_token: token }
      t.equal((await service.call('/oauth/userinfo', { method: 'POST', form })).status, 401, 'nor in a form')
      t.equal((await service.call('/oauth/userinfo', { method: 'POST', form, headers: shown(own) })).status, 200)
    })

    await t.test('so does the API', async (t) => {
      await service.operate('PUT', '/roles/auditor', { permissions: [] })
      const middle = await register(service, {
        ...{ grants: [exchangeGrant], audiences: [issuer], scopes: [], ...bound },
      })
      const { accessToken } = await service.signIn(ada)
      const form = {
        ...{ grant_type: exchangeGrant, ...middle, subject_token: accessToken, audience: issuer },
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      }
      const { access_token: token } = (await post(service, '/oauth/token', form, shown(own))).json()
      const me = (headers: object) => service.call('/api/users/me', { headers: { ...bearer(token), ...headers } })
      t.match((await me(shown(own))).json(), { id: ada.id })
      for (const headers of [{}, edge, shown(foreign), { 'client-cert': own.told }]) {
        const denied = await me(headers)
        t.match([denied.status, denied.json().code], [401, 'invalid_access_token'])
      }
    })

    await t.test('the FAPI profile takes a certificate in place of a proof', async (t) => {
      const key = await makeKey('ES256', 'one')
      const profile = { jwks: { keys: [{ ...key.jwk, alg: 'ES256' }] }, profile: 'fapi2', redirect_uris: [callback] }
      const bank = await registerProgram(service, { ...profile, ...bound })
      const registered = await service.operate('GET', `/clients/${bank.client_id}`)
      t.match(registered, { ...bound, dpop_bound_access_tokens: false })
      const plain = await registerProgram(service, profile)
      t.match(await service.operate('GET', `/clients/${plain.client_id}`), { dpop_bound_access_tokens: true })
      const neither = { ...profile, dpop_bound_access_tokens: false }
      await t.rejects(registerProgram(service, neither), /body\/dpop_bound_access_tokens/)
      await t.resolves(registerProgram(service, { ...neither, ...bound }))
    })

    await t.test('the metadata says so', async (t) => {
      const { mtls_endpoint_aliases: aliases, ...metadata } = (
        await service.call('/.well-known/oauth-authorization-server')
      ).json()
      t.match([metadata.tls_client_certificate_bound_access_tokens, aliases], [true, undefined])
      const resource = await service.call('/.well-known/oauth-protected-resource', {
        headers: { host: 'app.example.test' },
      })
      t.equal(resource.json().tls_client_certificate_bound_access_tokens, true)
    })
    t.notMatch(service.logged(), own.told, 'no certificate is logged')
    t.notMatch(service.logged(), secret)
  })
}

void test('where no edge tells certificates, no header does, and the metadata says nothing of them', async (t) => {
  const own = await makeCertificate(scratchFolder(t), 'own')
  const service = await startService(t, { yaml: { ...yaml, client_certificates: { enabled: false } } })
  const metadata = (await service.call('/.well-known/oauth-authorization-server')).json()
  t.notOk('tls_client_certificate_bound_access_tokens' in metadata)
  t.notOk('mtls_endpoint_aliases' in metadata)
  const resource = await service.call('/.well-known/oauth-protected-resource', {
    headers: { host: 'app.example.test' },
  })
  t.notOk('tls_client_certificate_bound_access_tokens' in resource.json())
  const job = await register(service, { scopes: [], ...bound })
  const form = { grant_type: 'client_credentials', ...job }
  refuses(t, await post(service, '/oauth/token', form, shown(own)), 400, 'invalid_request')

  const elsewhere = await startService(t, { yaml: { ...yaml, proxies: edgesIn('192.0.2.0/24') } })
  const other = await register(elsewhere, { scopes: [], ...bound })
  const asked = { grant_type: 'client_credentials', ...other }
  const answer = await post(elsewhere, '/oauth/token', asked, shown(own))
  refuses(t, answer, 400, 'invalid_request', 'a peer that is no edge, with the secret of one')
})

void test('a host and a header of one’s own for certificates', async (t) => {
  const own = await makeCertificate(scratchFolder(t), 'own')
  const port = await freePort()
  const host = `mtls.localhost:${port}`
  const service = await startProvider(t, {
    port,
    path: '/auth',
    yaml: { ...yaml, client_certificates: { enabled: true, host, header: 'X-SSL-Client-Cert' } },
  })
  const metadata = (await service.call('/auth/.well-known/openid-configuration')).json()
  const names = ['token', 'revocation', 'introspection', 'userinfo', 'pushed_authorization_request']
  for (const name of [...names, 'device_authorization'].map((one) => `${one}_endpoint`)) {
    const alias = metadata.mtls_endpoint_aliases[name]
    t.equal(alias, metadata[name].replace(`localhost:${port}`, host), name)
  }
  t.equal(metadata.token_endpoint, `http://localhost:${port}/auth/oauth/token`)
  const job = await register(service, { audiences: ['app'], scopes: [], ...bound })
  const form = { grant_type: 'client_credentials', ...job }
  const told = { ...edge, 'x-ssl-client-cert': own.told }
  t.equal((await post(service, '/auth/oauth/token', form, told)).status, 200)
  refuses(t, await post(service, '/auth/oauth/token', form, shown(own)), 400, 'invalid_request')

  const prover = await createProver(service.clock)
  const proven = async (url: string, at: string) =>
    post(service, '/auth/oauth/token', form, { ...told, host: at, dpop: await prover.prove({ url }) })
  const [issuer, alias] = [metadata.token_endpoint, metadata.mtls_endpoint_aliases.token_endpoint]
  t.equal((await proven(alias, host)).status, 200, 'a proof names the address that was asked')
  t.equal((await proven(issuer, `localhost:${port}`)).status, 200)
  refuses(t, await proven(issuer, host), 400, 'invalid_dpop_proof')
  refuses(t, await proven(alias, `localhost:${port}`), 400, 'invalid_dpop_proof')
})
