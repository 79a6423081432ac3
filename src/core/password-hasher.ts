export interface PasswordHasher {
  /** Rejects with `unavailable` when too many hashes are waiting already. */
  hash(password: string): Promise<string>
  /** Takes as long without a hash as with one, so that time tells nothing about an account. */
  verify(hash: string | null, password: string): Promise<boolean>
}
