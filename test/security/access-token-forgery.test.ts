/** Forged, borrowed and damaged access tokens, at every door that takes one (RFC 8725, RFC 9068 §4). */
import { createHmac, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { decode, encode, type Json, mint, openDoors, ownKey, refused, signatureOf } from '../support/forgery.ts'
import { bearer, startService } from '../support/service.ts'

for (const backend of backends) {
  void test(`forged access tokens on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const ada = await service.createUser({ roles: ['admin'] })
    const { accessToken, cookie } = await service.signIn(ada)
    const { edge, profile, ask, accepted } = await openDoors(service)
    const [headerSegment = '', payloadSegment = '', signature = ''] = accessToken.split('.')
    const [header, claims] = [decode(headerSegment), decode(payloadSegment)]
    const { kid } = header
    const { publicPem, privatePem } = await ownKey(service, kid)
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const strangerJwk = stranger.publicKey.export({ format: 'jwk' })

    await t.test(
      'the same claims under the same header and key pass, so the refusals below mean something',
      async (t) => {
        t.ok(await accepted(accessToken), 'the issued token')
        t.ok(await accepted(mint(header, claims, privatePem)), 'signed here with the service’s key')
      },
    )

    const forgeries: Record<string, string> = {}
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, undefined]) {
      const input = `${encode({ ...header, alg })}.${payloadSegment}`
      forgeries[`alg ${String(alg)} without a signature`] = `${input}.`
      forgeries[`alg ${String(alg)} with the old signature`] = `${input}.${signature}`
      forgeries[`alg ${String(alg)}, two parts`] = input
    }
    const hmacKeys = {
      'the public key PEM': publicPem,
      'the trimmed PEM': publicPem.trim(),
      'the PEM behind white space': ` \n${publicPem}`,
      'the DER': createPublicKey(publicPem).export({ type: 'spki', format: 'der' }),
      'the JWK': JSON.stringify(createPublicKey(publicPem).export({ format: 'jwk' })),
      'an empty key': '',
    }
    for (const alg of ['HS256', 'HS384', 'HS512'] as const) {
      for (const [name, key] of Object.entries(hmacKeys)) {
        const input = `${encode({ ...header, alg })}.${payloadSegment}`
        const mac = createHmac(`sha${alg.slice(2)}`, key)
          .update(input)
          .digest('base64url')
        forgeries[`${alg} with ${name}`] = `${input}.${mac}`
      }
    }
    const foreign = { ...header, typ: 'at+jwt' }
    const jku = 'http://127.0.0.1:9/jwks.json'
    Object.assign(forgeries, {
      'another key under our kid': mint(header, claims, stranger.privateKey),
      'another key under an unknown kid': mint({ ...foreign, kid: 'unknown' }, claims, stranger.privateKey),
      'our key under an unknown kid': mint({ ...header, kid: 'unknown' }, claims, privatePem),
      'a kid named __proto__': mint({ ...header, kid: '__proto__' }, claims, privatePem),
      'a kid that is a path': mint({ ...header, kid: '../../../../dev/null' }, claims, privatePem),
      'a kid that is an object': mint({ ...header, kid: { toString: kid } }, claims, privatePem),
      'no kid': mint({ alg: 'ES256', typ: 'at+jwt' }, claims, stranger.privateKey),
      'a foreign jku': mint({ ...header, jku }, claims, stranger.privateKey),
      'an embedded jwk': mint({ ...header, jwk: strangerJwk }, claims, stranger.privateKey),
      'an embedded jwk under its own kid': mint(
        { ...header, kid: 'mine', jwk: { ...strangerJwk, kid: 'mine' } },
        claims,
        stranger.privateKey,
      ),
      'a foreign x5u': mint({ ...header, x5u: jku }, claims, stranger.privateKey),
      'an embedded x5c': mint({ ...header, x5c: ['AAAA'] }, claims, stranger.privateKey),
      'an unknown critical header, even under our key': mint(
        { ...header, crit: ['http://example.test/rule'], 'http://example.test/rule': true },
        claims,
        privatePem,
      ),
      'crit naming b64, even under our key': mint({ ...header, crit: ['b64'], b64: false }, claims, privatePem),
      'a signature of zeros': `${headerSegment}.${payloadSegment}.${Buffer.alloc(64).toString('base64url')}`,
      'a DER signature': `${headerSegment}.${payloadSegment}.${sign('sha256', Buffer.from(`${headerSegment}.${payloadSegment}`), privatePem).toString('base64url')}`,
      'claims exchanged under an old signature': `${headerSegment}.${encode({ ...claims, roles: ['root'] })}.${signature}`,
    })

    for (const typ of ['JWT', 'jwt', 'id+jwt', 'logout+jwt', 'identity-assertion+jwt', '', undefined]) {
      forgeries[`typ ${String(typ)}`] = mint({ ...header, typ }, claims, privatePem)
    }
    for (const name of ['exp', 'iat', 'sub', 'aud', 'jti', 'iss', 'client_id']) {
      const { [name]: _, ...rest } = claims
      forgeries[`no ${name}`] = mint(header, rest, privatePem)
    }
    const now = Math.floor(service.clock.now() / 1000)
    const changes: Record<string, Json> = {
      'another issuer': { iss: 'https://evil.example' },
      'an issuer that ends like ours': { iss: `https://evil.example/${service.issuer}` },
      'an issuer with a slash more': { iss: `${service.issuer}/` },
      'a list of issuers, ours among them': { iss: ['https://evil.example', service.issuer] },
      'a list of our issuer alone': { iss: [service.issuer] },
      'another audience': { aud: 'https://elsewhere.example' },
      'an audience that begins like ours': { aud: `${service.issuer}.evil.example` },
      'an empty list of audiences': { aud: [] },
      'expiry a minute ago': { exp: now - 60, iat: now - 360 },
      'expiry null': { exp: null },
      'another person’s subject in this session': { sub: (await service.createUser()).id },
      'a session that does not exist': { sid: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f' },
    }
    for (const [name, change] of Object.entries(changes)) {
      forgeries[name] = mint(header, { ...claims, ...change }, privatePem)
    }

    Object.assign(forgeries, {
      'truncated by one character': accessToken.slice(0, -1),
      'truncated to its half': accessToken.slice(0, accessToken.length / 2),
      'without its signature': `${headerSegment}.${payloadSegment}.`,
      'with a fourth part': `${accessToken}.${signature}`,
      'with padding': `${accessToken}==`,
      'with + and / for - and _': `${headerSegment}.${payloadSegment}.${signature.replaceAll('-', '+').replaceAll('_', '/')}=`,
      'with a dot before it': `.${accessToken}`,
      'dots alone': '..',
      'no JSON': `${Buffer.from('nonsense').toString('base64url')}.${payloadSegment}.${signature}`,
      'a header that is null': `${encode(null)}.${payloadSegment}.${signature}`,
      'claims that are null': mint(header, null, privatePem),
      'claims that are a list': mint(header, [claims], privatePem),
      'claims that are no JSON': (() => {
        const input = `${headerSegment}.${Buffer.from('{"sub":').toString('base64url')}`
        return `${input}.${signatureOf(input, privatePem)}`
      })(),
      '8 KB of noise': randomBytes(6_000).toString('base64url'),
      '8 KB of claims': mint(header, { ...claims, padding: 'x'.repeat(5_300) }, stranger.privateKey),
    })

    for (const [name, token] of Object.entries(forgeries)) {
      await t.test(`refused everywhere: ${name}`, async (t) => t.same(await ask(token), refused))
    }

    await t.test('a token has one spelling: its last character cannot be another of the same bits', async (t) => {
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const others = [...alphabet].filter((last) => last !== accessToken.at(-1))
      const answers = await Promise.all(others.map((last) => ask(accessToken.slice(0, -1) + last)))
      t.same(
        others.filter((_, index) => JSON.stringify(answers[index]) !== JSON.stringify(refused)),
        [],
      )
    })
    await t.test('an identity assertion, made for upstreams, is no access token', async (t) => {
      const allowed = await edge(bearer(accessToken))
      const assertion = String(allowed.headers['x-auth-assertion'])
      t.equal(decode(assertion.split('.')[0]!)['typ'], 'identity-assertion+jwt')
      t.same(await ask(assertion), refused)
    })
    await t.test('neither a refresh token nor a session secret passes as a bearer token', async (t) => {
      const { refreshToken } = await service.signIn(ada)
      for (const secret of [refreshToken, cookie.split('=')[1]!]) {
        t.same([(await edge(bearer(secret))).status, (await profile(bearer(secret))).status], [401, 401])
      }
    })
    await t.test('an Authorization header that is not exactly one bearer token is refused', async (t) => {
      const good = `Bearer ${accessToken}`
      const headers: string[] = [
        `${good}, ${good}`,
        `${good},${good}`,
        `Bearer  ${accessToken}`,
        `Bearer\t${accessToken}`,
        `Bearer ${accessToken} trailing`,
        `Bearer "${accessToken}"`,
        `Bearer`,
        accessToken,
        `Token ${accessToken}`,
        `Basic ${Buffer.from(`user:${accessToken}`).toString('base64')}`,
        '',
      ]
      for (const authorization of headers) {
        const label = authorization.replaceAll(accessToken, '…')
        t.equal((await edge({ authorization })).status, 401, label)
        // RFC 6750 §3.1: what is no token is the request's fault, and another scheme is none of ours.
        const isMalformed = /^Bearer( |$)/.test(authorization)
        t.equal((await profile({ authorization })).status, isMalformed ? 400 : 401, label)
      }
    })
    await t.test('of several such headers none counts at the service, and at the edge the first of ours', async (t) => {
      const good = `Bearer ${accessToken}`
      const forged = `Bearer ${accessToken.slice(0, -8)}AAAAAAAA`
      const lists: [authorization: string[], edge: number][] = [
        [[good, good], 200],
        [[good, 'Bearer other'], 200],
        [['Bearer other', good], 200],
        [[good, 'Basic eDp5'], 200],
        [[forged, good], 401],
        [['Bearer other', forged, good], 401],
      ]
      for (const [authorization, status] of lists) {
        const label = authorization.join(' | ').replaceAll(accessToken, '…')
        t.equal((await edge({ authorization })).status, status, label)
        t.equal((await profile({ authorization })).status, 400, label)
      }
    })
    await t.test('an invalid token is refused although a good session cookie comes with it', async (t) => {
      const forged = `${accessToken.slice(0, accessToken.lastIndexOf('.'))}.${randomBytes(64).toString('base64url')}`
      for (const door of [edge, profile]) t.equal((await door({ ...bearer(forged), cookie })).status, 401)
      t.equal((await profile({ ...bearer('forged'), cookie })).status, 401, 'to the service all tokens are its own')
    })
    await t.test('a token in the query or in a form is not read', async (t) => {
      const query = `?access_token=${accessToken}`
      t.equal((await service.call(`/api/users/me${query}`)).status, 401)
      t.equal((await edge({ 'x-forwarded-uri': `/reports${query}` })).status, 401)
    })
    await t.test('every refusal names the scheme and the reason', async (t) => {
      for (const door of [edge, profile]) {
        t.match((await door(bearer('forged'))).headers['www-authenticate'], /^Bearer realm="gatehouse".*invalid_token/)
      }
    })
    await t.test('a token stops working everywhere when it expires, though its session lives on', async (t) => {
      service.clock.advance(299)
      t.ok(await accepted(accessToken))
      service.clock.advance(2)
      t.same(await ask(accessToken), refused)
      t.equal((await edge({ cookie })).status, 200)
    })
  })
}

void test('an access token passes at every door, whichever algorithm the service signs by', async (t) => {
  for (const algorithm of ['ES256', 'RS256', 'EdDSA']) {
    const service = await startService(t, { yaml: { keys: { access_tokens: algorithm } } })
    const { accessToken } = await service.signIn(await service.createUser({ roles: ['admin'] }))
    t.equal(decode(accessToken.split('.')[0]!)['alg'], algorithm)
    t.ok(await (await openDoors(service)).accepted(accessToken), algorithm)
  }
})

void test('when a token expires is told by the clock of the service, at every door', async (t) => {
  const service = await startService(t)
  const user = await service.createUser({ roles: ['admin'] })
  // Behind the clock of the machine, by which the token has expired as it is issued.
  service.clock.advance(-3_600)
  const { accessToken } = await service.signIn(user)
  t.ok(await (await openDoors(service)).accepted(accessToken))
})
