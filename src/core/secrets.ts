import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'

const drawn = Buffer.alloc(2_048)
let handedOut = drawn.length

/** Random bytes, drawn by the hundred, which is quicker. None is handed out twice, or kept. */
function randomBytes(size: number): Buffer {
  if (handedOut + size > drawn.length) {
    randomFillSync(drawn)
    handedOut = 0
  }
  const bytes = Buffer.from(drawn.subarray(handedOut, handedOut + size))
  drawn.fill(0, handedOut, handedOut + size)
  handedOut += size
  return bytes
}

/** 256 random bits as base64url (43 characters): the form of every opaque secret that a program or cookie holds. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What `randomSecret` makes, and `hashSecret` of anything. Nothing else is worth a look-up. */
export const secretForm = /^[\w-]{43}$/

/** 128 random bits as base64url (22 characters), for links: short enough that mail leaves their line in one piece. */
export function randomLinkToken(): string {
  return randomBytes(16).toString('base64url')
}

/**
 * How opaque secrets are kept: SHA-256, base64url. Enough for values of 128 random bits and more, which no dictionary holds;
 * passwords go through the `PasswordHasher` instead.
 */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

/** Compares two strings in a time that depends on neither's content. */
export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}

/** A key for one purpose, derived from the service's secret (RFC 5869), so that no two uses ever share a key. */
export function deriveKey(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `gatehouse ${purpose}`, 32))
}

/** HMAC-SHA-256 under a key for one purpose. */
export function createKeyedHash(secret: Uint8Array, purpose: string): (text: string) => Buffer {
  const key = deriveKey(secret, purpose)
  return (text) => createHmac('sha256', key).update(text).digest()
}

/**
 * Encrypts what must be readable again: AES-256-GCM under a key for one purpose. `context` is bound to the ciphertext
 * (additional authenticated data), so a value copied to another row does not decrypt there.
 */
export interface SecretBox {
  seal(plaintext: string, context: string): string
  /** Throws when the text was not sealed by this box for this context. */
  open(sealed: string, context: string): string
  /** Whether a text was sealed with the current secret. */
  isCurrent(sealed: string, context: string): boolean
}

/**
 * Makes the box of one purpose. It seals with the first secret and opens what any of them sealed. Sealed form: base64url
 * of a 12-byte nonce, the ciphertext and the 16-byte tag.
 */
export function createSecretBox(secrets: readonly Uint8Array[], purpose: string): SecretBox {
  const boxes = secrets.map((secret) => createBoxOf(deriveKey(secret, purpose)))
  const [current] = boxes
  if (current === undefined) throw new Error('a box needs a secret')
  /** Throws what the last box threw. */
  const openWith = ([box, ...others]: typeof boxes, sealed: string, context: string): string => {
    try {
      return box!.open(sealed, context)
    } catch (error) {
      if (others.length === 0) throw error
      return openWith(others, sealed, context)
    }
  }
  return {
    seal: current.seal,
    open: (sealed, context) => openWith(boxes, sealed, context),
    isCurrent(sealed, context) {
      try {
        current.open(sealed, context)
        return true
      } catch {
        return false
      }
    },
  }
}

function createBoxOf(bytes: Buffer): Pick<SecretBox, 'seal' | 'open'> {
  // Three quarters of a sealing would go into preparing the bytes each time.
  const key = createSecretKey(bytes)
  return {
    seal(plaintext, context) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url')
    },
    open(sealed, context) {
      const text = Buffer.from(sealed, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, text.subarray(0, 12), { authTagLength: 16 })
      decipher.setAAD(Buffer.from(context)).setAuthTag(text.subarray(-16))
      return Buffer.concat([decipher.update(text.subarray(12, -16)), decipher.final()]).toString('utf8')
    },
  }
}

/**
 * What a browser shows under one name: a secret, or several different ones, of which nothing tells which is its own. There is
 * one more than `maxShown` where there are more.
 */
export type Shown = string | readonly string[]

/** Of so many each is looked up; a header holds hundreds. Of more none counts, since those that are left out may be live. */
export const maxShown = 4

/** Each secret that is shown. */
export function eachOf(shown: Shown | undefined): readonly string[] {
  if (shown === undefined) return []
  return typeof shown === 'string' ? [shown] : shown
}
