/**
 * What binds a token to whoever got it (RFC 7800 §3), so that nobody else can use it: the thumbprint of a key, of which the sender shows a
 * proof with each request (RFC 9449 §6.1), or of the certificate by which it is connected (RFC 8705 §3.1).
 */
export interface Confirmation {
  readonly jkt?: string
  readonly 'x5t#S256'?: string
}

/** How an access token came, and what came with it. */
export interface Shown {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
  /** The header `DPoP`. */
  readonly proof: string | undefined
  readonly method: string
  /** What was asked for, in the one spelling that the service knows it by; a query says nothing. */
  readonly url: string
  /** Thumbprint of the client's certificate, where an edge that may has told it. */
  readonly certificate?: (() => string | undefined) | undefined
}

/** Why a token is not its sender's, by the error codes of RFC 6750 §3.1 and RFC 9449 §12.2. */
export type SenderFault = 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce'

/** A token of the `Authorization` scheme DPoP (RFC 9449 §7.1); nothing where it is another scheme. */
export function dpopToken(authorization: string): string | undefined {
  return /^DPoP +(\S+)$/i.exec(authorization)?.[1]
}

/** Whether two tokens are bound to the same, or both to nothing. */
export function isSameConfirmation(
  one: Confirmation | null | undefined,
  other: Confirmation | null | undefined,
): boolean {
  return one?.jkt === other?.jkt && one?.['x5t#S256'] === other?.['x5t#S256']
}
