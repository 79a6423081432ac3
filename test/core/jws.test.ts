import { generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import * as fc from 'fast-check'
import { test } from 'tap'
import { createJwsSigner, createJwsVerifier, derSignature, rawSignature } from '../../src/core/jws.ts'

const pem = (key: KeyObject) => key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString()
const p1363 = (key: KeyObject) => ({ key, dsaEncoding: 'ieee-p1363' as const })
const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  EdDSA: generateKeyPairSync('ed25519'),
} as const
const { publicKey, privateKey } = pairs.ES256

/** A P-256 number with any count of zeros in front, which a random signature has once in 256, or in 65,536. */
const number = fc
  .tuple(fc.integer({ min: 0, max: 32 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .map(([zeros, bytes]) => bytes.fill(0, 0, zeros))

void test('what is signed here, crypto verifies by ieee-p1363 of its own, and the other way round', (t) => {
  const ours = createJwsSigner('ES256', pem(privateKey))
  const isOurs = createJwsVerifier('ES256', pem(publicKey))
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const mine = Buffer.from(ours(text), 'base64url')
      const theirs = sign('sha256', Buffer.from(text), p1363(privateKey)).toString('base64url')
      return mine.length === 64 && verify('sha256', Buffer.from(text), p1363(publicKey), mine) && isOurs(text, theirs)
    }),
    // Enough that some have a zero in front.
    { numRuns: 2_000 },
  )
  t.end()
})

void test('any 64 bytes are judged as crypto judges them by ieee-p1363', (t) => {
  const isOurs = createJwsVerifier('ES256', pem(publicKey))
  const judged = (raw: Uint8Array) => isOurs('text', Buffer.from(raw).toString('base64url'))
  const byCrypto = (raw: Uint8Array) => verify('sha256', Buffer.from('text'), p1363(publicKey), raw)
  fc.assert(
    fc.property(number, number, (r, s) => {
      const raw = Buffer.concat([r, s])
      return judged(raw) === byCrypto(raw)
    }),
  )
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  const good = sign('sha256', Buffer.from('text'), p1363(privateKey))
  t.equal(judged(good), true)
  const s = BigInt(`0x${good.subarray(32).toString('hex')}`)
  const n = BigInt(`0x${order.toString('hex')}`)
  const plusOrder = (s + n).toString(16).padStart(64, '0')
  for (const [what, raw] of Object.entries({
    'zeros (CVE-2022-21449)': Buffer.alloc(64),
    'r of zero': Buffer.concat([Buffer.alloc(32), good.subarray(32)]),
    's of zero': Buffer.concat([good.subarray(0, 32), Buffer.alloc(32)]),
    'the order for r': Buffer.concat([order, good.subarray(32)]),
    'the order for both': Buffer.concat([order, order]),
    'the greatest numbers': Buffer.alloc(64, 0xff),
    ...(plusOrder.length === 64 && { 's plus the order': Buffer.from(good.toString('hex', 0, 32) + plusOrder, 'hex') }),
  })) {
    t.equal(judged(raw), false, what)
  }
  t.end()
})

void test('r and s have one form as DER, with no needless zero, and come back as they were', (t) => {
  fc.assert(
    fc.property(number, number, (r, s) => {
      const raw = Buffer.concat([r, s])
      const der = derSignature(raw)!
      const minimal = (bytes: Uint8Array) => {
        const hex = BigInt(`0x${Buffer.from(bytes).toString('hex')}`).toString(16)
        const digits = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
        return digits[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits
      }
      const [a, b] = [minimal(r), minimal(s)]
      const expected = Buffer.concat([
        Buffer.of(0x30, a.length + b.length + 4, 2, a.length),
        a,
        Buffer.of(2, b.length),
        b,
      ])
      return der.equals(expected) && rawSignature(der).equals(raw)
    }),
  )
  t.end()
})

void test('another length is no signature', (t) => {
  const isOurs = createJwsVerifier('ES256', pem(publicKey))
  const good = sign('sha256', Buffer.from('text'), p1363(privateKey))
  const der = sign('sha256', Buffer.from('text'), privateKey)
  const others = [Buffer.alloc(0), good.subarray(0, 63), Buffer.concat([good, Buffer.of(0)]), der, good.subarray(0, 32)]
  for (const raw of [...others, Buffer.concat([good, good]), randomBytes(128)]) {
    t.equal(derSignature(raw.length === 64 ? raw.subarray(1) : raw), undefined)
    t.equal(isOurs('text', raw.toString('base64url')), false, `${raw.length} bytes`)
  }
  t.end()
})

void test('what is no DER signature is not read as one', (t) => {
  const der = sign('sha256', Buffer.from('text'), privateKey)
  const changed = (at: number, to: number) => Buffer.from(der).fill(to, at, at + 1)
  const broken = [
    Buffer.alloc(0),
    der.subarray(0, -1),
    Buffer.concat([der, Buffer.of(0)]),
    changed(0, 0x31),
    changed(1, 0x81),
    changed(2, 0x03),
    changed(3, 0),
    changed(3, 0x7f),
    Buffer.of(0x30, 0),
    Buffer.concat([Buffer.of(0x30, 0x26, 2, 0x21), Buffer.alloc(33, 1), Buffer.of(2, 1, 1)]),
  ]
  for (const bytes of broken)
    t.throws(() => rawSignature(bytes), { message: 'no DER signature' }, bytes.toString('hex'))
  t.end()
})

for (const algorithm of ['ES256', 'RS256', 'EdDSA'] as const) {
  void test(`a signature by ${algorithm} has one spelling, and is of one text and one key`, (t) => {
    const ours = createJwsSigner(algorithm, pem(pairs[algorithm].privateKey))
    const isOurs = createJwsVerifier(algorithm, pem(pairs[algorithm].publicKey))
    const good = ours('header.claims')
    t.equal(isOurs('header.claims', good), true)
    t.equal(isOurs('header.claimS', good), false, 'another text')
    const bytes = Buffer.from(good, 'base64url')
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const spellings = [...alphabet].map((last) => good.slice(0, -1) + last).filter((text) => text !== good)
    const others = [
      `${good}=`,
      ` ${good}`,
      `${good}\n`,
      `${good}.`,
      bytes.toString('base64'),
      bytes.toString('hex'),
      '',
    ]
    for (const spelling of [...spellings, ...others.filter((text) => text !== good)]) {
      t.equal(isOurs('header.claims', spelling), false, spelling.slice(-8))
    }
    const { privateKey: foreign } =
      algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : algorithm === 'RS256'
          ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
          : generateKeyPairSync('ed25519')
    t.equal(isOurs('header.claims', createJwsSigner(algorithm, pem(foreign))('header.claims')), false, 'another key')
    t.end()
  })
}
