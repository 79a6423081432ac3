import type { Clock } from '../../core/clock.ts'
import { kindOf, type PasswordHasher } from '../../core/password-hasher.ts'
import type { PasswordKind, UserStore } from '../../core/records/user.ts'

/** What a password is tested against where an account has none, or where there is no account. */
export interface DummyHashes {
  /** A hash whose test takes as long as that of some account; for the same address mostly one of the same kind. */
  hashFor(email: string): Promise<string>
}

/** After so long the accounts are counted again, or later where counting takes long: it is to take a thousandth of the time. */
const leastMilliseconds = 60_000
const restForEach = 1_000

/**
 * While hashes of other costs or of other systems are stored, some accounts take longer to test than others. An address
 * without an account is then tested like one of them: which one is drawn by a keyed hash of the address, in the proportion of the
 * accounts, so that measuring one address often, or many of them, tells nobody which have accounts. The draw (weighted rendezvous
 * hashing) moves an address only from kinds that have become fewer, or to kinds that have become more: mostly to the present one,
 * as the renewal at a sign-in moves an account. `keyedHash`: 32 bytes that nobody else can compute.
 */
export function createDummyHashes(dependencies: {
  users: Pick<UserStore, 'passwordKinds'>
  hasher: Pick<PasswordHasher, 'hash'>
  keyedHash(text: string): Buffer
  clock: Clock
}): DummyHashes {
  const { users, hasher, keyedHash, clock } = dependencies
  let own: Promise<string> | undefined
  let kinds: { found: PasswordKind[]; until: number } | undefined
  let counting: Promise<void> | undefined

  async function ownDummy(): Promise<string> {
    own ??= hasher.hash(crypto.randomUUID())
    // A fault is not kept.
    own.catch(() => (own = undefined))
    return own
  }

  async function count(): Promise<void> {
    const ours = kindOf(await ownDummy())
    const startedAt = performance.now()
    const found = await users.passwordKinds(ours)
    const rest = Math.max(leastMilliseconds, (performance.now() - startedAt) * restForEach)
    kinds = { found, until: clock.now() + rest }
  }

  /** The smallest of exponential variables whose rates are the counts. */
  function lot(email: string, { sample, accounts }: PasswordKind): number {
    const drawn = keyedHash(`${kindOf(sample)} ${email}`).readUIntBE(0, 6) + 1
    return -Math.log(drawn / (2 ** 48 + 1)) / accounts
  }

  return {
    async hashFor(email) {
      if (kinds === undefined || kinds.until <= clock.now()) {
        counting ??= count().finally(() => (counting = undefined))
        await counting
      }
      const [first, ...others] = kinds!.found
      if (first === undefined) return ownDummy()
      let chosen = { kind: first, lot: lot(email, first) }
      for (const kind of others) {
        const drawn = lot(email, kind)
        if (drawn < chosen.lot) chosen = { kind, lot: drawn }
      }
      return chosen.kind.sample
    },
  }
}
