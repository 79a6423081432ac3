import { type AccessTokenClaims, isInTime, type TokenType, tokenTypes } from '../../core/access-token.ts'
import { SetupError, unavailable } from '../../core/errors.ts'
import { etagOf } from '../../core/etag.ts'
import { createJwsSigner } from '../../core/jws.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import { allKeys } from '../../core/records/revocation.ts'
import type { SigningAlgorithm, SigningKey, SigningKeyStore } from '../../core/records/signing-key.ts'
import type { SecretBox } from '../../core/secrets.ts'
import { verifierOf } from './read-token.ts'
import { nextChange, statusOf } from './schedule.ts'
import { headerOf, openPrivateKey, publicJwk, wrongSecret } from './signing-key.ts'

export interface KeyRing {
  /**
   * Reads the ring for the first time; before that it is empty. Throws a `SetupError` when the secret does not open a key
   * that signs, or is going to.
   */
  open(): Promise<void>
  /** Signs claims with the active key of the type's algorithm. `iss` is added. Throws `unavailable` when no key can sign. */
  sign(type: TokenType, claims: object): string
  /**
   * The same of what a program wants signed by one algorithm: the one of ID tokens where it does not say by which. Throws
   * `unavailable` when there is no key of it, as for the moment in which a replica learns of the first program that wants it.
   */
  signFor(algorithm: SigningAlgorithm | undefined, claims: object, type?: ProgramTokenType): string
  /**
   * The claims of an access token that this service signed and that has not expired; otherwise nothing. Says nothing
   * about revocation. Throws `unavailable` for a key of which is not known whether it has ended.
   */
  verifyAccessToken(token: string): AccessTokenClaims | undefined
  /**
   * The claims of an ID token that this service signed, however long ago it has expired: a hint at who somebody is, and no proof of
   * anything else.
   */
  verifyIdToken(token: string): IdTokenClaims | undefined
  /** PEM of the public key that a token's header names, while it counts. A key has one `alg`, and is none for another. */
  publicKey(header: { kid?: unknown; alg?: unknown }): string | undefined
  /**
   * The algorithm that signs a type of token and, while the first key of a changed setting is not in use yet, the one that
   * is going to. Another list only when the ring changes.
   */
  algorithms(type: TokenType): readonly SigningAlgorithm[]
  /** The JWK set (RFC 7517 §5), made anew only when the ring changes. */
  readonly jwks: { readonly body: string; readonly etag: string }
  /** How often each key has signed and verified in this process. */
  usage(): { kid: string; type: TokenType | 'verified'; count: number }[]
  /** False while the ring could not be read, or the service's secret does not open a key that signs, or is going to. */
  isWhole(): boolean
  /**
   * Reads the ring anew; until it resolves the old one is in force. `changed`: kids of keys that may have changed, and
   * `allKeys` when one has ended; absent when it may be any. Rejects when the store does not answer, and then lets none of
   * the keys count of which one has ended, until the ring could be read.
   */
  reload(changed?: readonly string[]): Promise<void>
}

const neededOfAccessTokens = ['sub', 'aud', 'exp', 'iat', 'jti', 'client_id']

/** What is signed for a program as its ID tokens are. */
type ProgramTokenType = Extract<TokenType, 'JWT' | 'logout+jwt'>

/** What the ring is at one time; another one is made when a key's status changes. */
interface View {
  until: number
  signers: Record<TokenType, (claims: object) => string>
  programSigners: ReadonlyMap<SigningAlgorithm, Record<ProgramTokenType, (claims: object) => string>>
  algorithms: Record<TokenType, readonly SigningAlgorithm[]>
  verifiers: Map<string, Verifier<AccessTokenClaims>>
  idTokenVerifiers: Map<string, Verifier<IdTokenClaims>>
  publicKeys: Map<unknown, SigningKey>
  jwks: { body: string; etag: string }
}

interface Verifier<Claims> {
  kid: string
  verify(token: string): Claims | undefined
}

/** What is read of an ID token. */
interface IdTokenClaims {
  iss: string
  sub: string
  aud: string
  sid?: string
}

/** Keys as they were read: which private keys opened, and of which keys nobody knows whether they have ended. */
interface Read {
  keys: readonly SigningKey[]
  privateKeys: ReadonlyMap<string, string>
  whole: boolean
  doubted: (kid: string) => boolean
}

/**
 * The ring that the store holds. Private keys are sealed there and opened only in memory. Which key signs follows from the
 * time alone, so that replicas agree without a word.
 */
export function createKeyRing(dependencies: {
  store: Pick<SigningKeyStore, 'list'>
  box: SecretBox
  clock: Clock
  log: Log
  issuer: string
  /** What signs each type of token, once it has an active key. */
  algorithmOf(type: TokenType): SigningAlgorithm
  /** Whether an algorithm signs nothing but what programs get that people sign in to. */
  isOfProgramsAlone?(algorithm: SigningAlgorithm): boolean
}): KeyRing {
  const { store, box, clock, log, issuer, algorithmOf, isOfProgramsAlone = () => false } = dependencies
  const counts = new Map<string, Map<TokenType | 'verified', number>>()
  let ring: Read = { keys: [], privateKeys: new Map(), whole: false, doubted: () => false }
  let view = viewAt(clock.now())

  function count(kid: string, type: TokenType | 'verified'): void {
    let ofKey = counts.get(kid)
    if (ofKey === undefined) counts.set(kid, (ofKey = new Map()))
    ofKey.set(type, (ofKey.get(type) ?? 0) + 1)
  }

  function readFrom(keys: readonly SigningKey[]): Read {
    const now = clock.now()
    const signing = keys.filter((key) => ['next', 'active'].includes(statusOf(key, now)))
    const privateKeys = new Map<string, string>()
    for (const key of signing) {
      const privateKey = openPrivateKey(key, box)
      if (privateKey !== undefined) privateKeys.set(key.kid, privateKey)
    }
    return { keys, privateKeys, whole: privateKeys.size === signing.length, doubted: () => false }
  }

  /** Nothing when none of the keys that may sign could be opened. */
  function keyFor(type: TokenType, able: readonly SigningKey[], now: number): SigningKey | undefined {
    const active = able.filter((key) => statusOf(key, now) === 'active')
    // A clock that is behind sees no active key for a moment after an emergency; the next one is published as well.
    const may = active.length > 0 ? active : able
    // While the algorithm of a changed setting has no key that verifiers know, another one signs.
    const meant = may.find(({ algorithm }) => algorithm === algorithmOf(type))
    // Rather none that signs nothing but ID tokens: verifiers of other tokens need not know its algorithm.
    const isForOthers = ({ algorithm }: SigningKey) => algorithm !== algorithmOf('JWT') && !isOfProgramsAlone(algorithm)
    return meant ?? may.find(isForOthers) ?? may[0]
  }

  function signerOf(type: TokenType, key: SigningKey | undefined): (claims: object) => string {
    if (key === undefined) {
      return () => {
        throw unavailable(new Error('no signing key can be used'))
      }
    }
    const sign = createJwsSigner(key.algorithm, ring.privateKeys.get(key.kid)!)
    const header = headerOf(key, type)
    return (claims) => {
      count(key.kid, type)
      const signed = `${header}.${Buffer.from(JSON.stringify({ ...claims, iss: issuer })).toString('base64url')}`
      return `${signed}.${sign(signed)}`
    }
  }

  function viewAt(now: number): View {
    const order = ['active', 'next', 'retiring']
    const rank = (key: SigningKey) => order.indexOf(statusOf(key, now))
    // What signs comes first: verifiers that know nothing of `kid` take the first one.
    const published = ring.keys.filter((key) => rank(key) >= 0).toSorted((a, b) => rank(a) - rank(b))
    const known = published.filter(({ kid }) => !ring.doubted(kid))
    const able = known
      .filter(({ kid }) => ring.privateKeys.has(kid))
      .filter((key) => statusOf(key, now) !== 'retiring')
      .toSorted((a, b) => a.activatesAt.getTime() - b.activatesAt.getTime())
    const isActive = (key: SigningKey) => statusOf(key, now) === 'active'
    const ofType = <T>(make: (type: TokenType, key: SigningKey | undefined) => T) =>
      Object.fromEntries(tokenTypes.map((type) => [type, make(type, keyFor(type, able, now))])) as Record<TokenType, T>
    const verifiersOf = <Claims>(type: TokenType, needed: readonly string[]): Map<string, Verifier<Claims>> =>
      new Map(published.map((key) => [headerOf(key, type), { kid: key.kid, verify: verifierOf(key, issuer, needed) }]))
    const body = JSON.stringify({ keys: known.map(publicJwk) })
    return {
      until: nextChange(ring.keys, now),
      signers: ofType(signerOf),
      programSigners: new Map(
        able
          // Of an algorithm the last one counts: the key that signs, or else the one that is going to first.
          .toSorted(
            (a, b) => Number(isActive(a)) - Number(isActive(b)) || b.activatesAt.getTime() - a.activatesAt.getTime(),
          )
          .map((key) => [key.algorithm, { JWT: signerOf('JWT', key), 'logout+jwt': signerOf('logout+jwt', key) }]),
      ),
      algorithms: ofType((type, key) => {
        const meant = algorithmOf(type)
        // The key of ID tokens is made for the first program that gets one, and signs at once.
        const isToCome = type === 'JWT' && !known.some(({ algorithm }) => algorithm === meant)
        return isToCome ? [meant] : [...new Set([key?.algorithm ?? meant, meant])]
      }),
      verifiers: verifiersOf<AccessTokenClaims>('at+jwt', neededOfAccessTokens),
      idTokenVerifiers: verifiersOf<IdTokenClaims>('JWT', ['sub', 'aud', 'exp', 'iat']),
      publicKeys: new Map(published.map((key) => [key.kid, key])),
      jwks: { body, etag: etagOf(body) },
    }
  }

  function current(): View {
    const now = clock.now()
    if (now >= view.until) view = viewAt(now)
    return view
  }

  /** Whether it has ended is not known: neither "not signed in" nor "allowed". */
  function refuseDoubted(kid: string): void {
    if (ring.doubted(kid)) throw unavailable(new Error('the key ring could not be read since a key ended'))
  }

  function use(read: Read): void {
    ring = read
    view = viewAt(clock.now())
  }

  return {
    async open() {
      const read = readFrom(await store.list())
      if (!read.whole) throw new SetupError(wrongSecret)
      use(read)
    },
    sign: (type, claims) => current().signers[type](claims),
    signFor(algorithm, claims, type = 'JWT') {
      const { signers, programSigners } = current()
      const sign = (algorithm === undefined ? signers : programSigners.get(algorithm))?.[type]
      if (sign === undefined) throw unavailable(new Error('there is no key of the algorithm yet'))
      return sign(claims)
    },
    verifyAccessToken(token) {
      // Looked up by the whole header segment: only headers that this service writes, byte for byte, are ever
      // verified, which leaves no `alg`, `kid`, `jku` or `crit` of an attacker's to interpret.
      const verifier = current().verifiers.get(token.slice(0, token.indexOf('.')))
      if (verifier === undefined) return undefined
      refuseDoubted(verifier.kid)
      const claims = verifier.verify(token)
      if (claims === undefined) return undefined
      count(verifier.kid, 'verified')
      return isInTime(claims, clock.now()) ? claims : undefined
    },
    verifyIdToken(token) {
      const verifier = current().idTokenVerifiers.get(token.slice(0, token.indexOf('.')))
      if (verifier === undefined) return undefined
      refuseDoubted(verifier.kid)
      return verifier.verify(token)
    },
    publicKey({ kid, alg }) {
      const key = current().publicKeys.get(kid)
      if (key === undefined || key.algorithm !== alg) return undefined
      refuseDoubted(key.kid)
      return key.publicKeyPem
    },
    algorithms: (type) => current().algorithms[type],
    get jwks() {
      return current().jwks
    },
    usage: () =>
      [...counts].flatMap(([kid, ofKey]) => [...ofKey].map(([type, number]) => ({ kid, type, count: number }))),
    isWhole: () => ring.whole,
    async reload(changed) {
      const before = ring
      try {
        use(readFrom(await store.list()))
      } catch (error) {
        if (changed === undefined || changed.includes(allKeys)) {
          const doubted = (kid: string) => before.doubted(kid) || changed === undefined || changed.includes(kid)
          use({ ...before, whole: false, doubted })
        }
        throw error
      }
      if (before.whole && !ring.whole) log.error({ event: 'keys.unopened' }, wrongSecret)
    },
  }
}
