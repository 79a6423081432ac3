/** PS256 signs for programs that ask for it, and for nobody else. */
export const signingAlgorithms = ['RS256', 'ES256', 'PS256', 'EdDSA'] as const
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

/** One key of the ring. What it is good for follows from the time: see `statusOf`. */
export interface SigningKey {
  kid: string
  algorithm: SigningAlgorithm
  publicKeyPem: string
  /** PKCS #8 PEM, sealed. */
  sealedPrivateKey: string
  /** When it was published. */
  createdAt: Date
  /** From when on it signs. */
  activatesAt: Date
  /** When its successor takes over; null while it has none. */
  retiresAt: Date | null
  /** When somebody else was found to know it: from then on nothing that it signed counts. */
  compromisedAt: Date | null
}

export interface SigningKeyStore {
  /** Every key, oldest first. */
  list(): Promise<SigningKey[]>
  /**
   * Changes the ring, one replica at a time: `decide` sees the keys as they are and says what becomes of them. Tells the
   * revocation feed, about a compromised key as `allKeys` too. Returns the keys that were created.
   */
  change(decide: (keys: SigningKey[]) => Promise<KeyRingChange>): Promise<SigningKey[]>
}

interface KeyRingChange {
  create: SigningKey[]
  /** Keys that sign from or until another time than was planned. */
  reschedule: { kid: string; activatesAt: Date; retiresAt: Date | null }[]
  compromised: { kid: string; at: Date }[]
  reseal: { kid: string; sealedPrivateKey: string }[]
  /** Kids of keys that nobody needs to know any more. */
  remove: string[]
}
