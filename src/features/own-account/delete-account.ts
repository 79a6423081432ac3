import type { Audit } from '../../core/audit.ts'
import { lastAdministrator } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import { createOneAtATime } from '../../core/one-at-a-time.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { DeletionStore } from '../../core/records/deletion.ts'
import type { UserStore } from '../../core/records/user.ts'
import type { AccountKeeping } from '../sign-in/index.ts'
import type { ownAccountEvents } from './audit-events.ts'
import type { From } from './change-password.ts'
import type { NotProven, ProveOwner } from './prove-owner.ts'

const day = 86_400_000
/** Accounts that are deleted in one pass; the next pass is a minute later. */
const maxAtOnce = 100

export interface AccountDeletion {
  /**
   * Ends the account for everybody, and deletes it once the time in which it can be kept is over. Without a password the person
   * must have proven themselves a short while ago; the route sees to it.
   */
  request(
    person: UserPrincipal,
    request: { password?: string | undefined },
    from: From,
  ): Promise<
    { kind: 'requested'; deletesAt: Date } | { kind: 'last_administrator' } | { kind: 'not_there' } | NotProven
  >
  /** Takes it back by what a sign-in in the meantime has given out. False when that says nothing (any more). */
  keep(keepToken: string): Promise<boolean>
  /**
   * Deletes an account at once, as operators do. False when there is none. `keepsAdministrator`: throws `last_administrator` for the last
   * administrator.
   */
  remove(userId: string, also: { keepsAdministrator: boolean }): Promise<boolean>
  /** Deletes the accounts whose time has come. */
  sweep(): Promise<void>
}

export function createAccountDeletion(dependencies: {
  deletions: DeletionStore
  users: Pick<UserStore, 'findById'>
  proveOwner: ProveOwner
  keeping: AccountKeeping
  mails: MailWriter<MailOf<{ 'deletion-requested': { link: string; until: Date }; 'account-kept': { link: string } }>>
  /** The hashes under which an address is stored beside mails. */
  recipientsOf(email: string): string[]
  graceDays: number
  audit: Audit<typeof ownAccountEvents>
  clock: Clock
  issuer: string
}): AccountDeletion {
  const { deletions, users, proveOwner, keeping, mails, recipientsOf, graceDays, audit, clock, issuer } = dependencies
  const now = () => new Date(clock.now())
  const oneAtATime = createOneAtATime()

  async function remove(userId: string, when: { dueBy?: Date; keepsAdministrator?: boolean }): Promise<boolean> {
    const outcome = await deletions.remove({ userId, at: now(), ...when, recipientsOf })
    if (outcome === 'last_administrator') throw lastAdministrator()
    const isGone = outcome === 'removed'
    if (isGone) audit.record({ event: 'user.deleted', subject: userId })
    return isGone
  }

  async function keep(keepToken: string): Promise<boolean> {
    const asked = keeping.open(keepToken)
    const user = asked && (await users.findById(asked.userId))
    if (asked === undefined || user === undefined) return false
    const link = `${issuer}/login`
    const { id: userId, email: to, locale } = user
    const told = mails.seal({ kind: 'account-kept', to, userId, language: locale ?? asked.language, facts: { link } })
    const isKept = await deletions.keep({ userId, deletesAt: asked.deletesAt, at: now(), mails: [told] })
    if (isKept) audit.record({ event: 'user.kept', subject: userId })
    return isKept
  }

  return {
    async request(person, { password }, from) {
      const unproven = async () => {
        const user = await users.findById(person.subject)
        return user && ({ kind: 'proven', user } as const)
      }
      const proof = password === undefined ? await unproven() : await proveOwner(person, password, from, 'deletion')
      if (proof === undefined) return { kind: 'not_there' }
      if (proof.kind !== 'proven') return proof
      const { user } = proof
      const at = now()
      const deletesAt = new Date(at.getTime() + graceDays * day)
      const told = mails.seal({
        kind: 'deletion-requested',
        to: user.email,
        userId: user.id,
        language: user.locale ?? from.language,
        facts: { link: `${issuer}/login`, until: deletesAt },
      })
      // What is deleted at once takes its mails along.
      const sent = graceDays === 0 ? [] : [told]
      const provenHash = user.passwordHash
      const kind = await deletions.request({ userId: user.id, provenHash, deletesAt, at, mails: sent })
      if (kind !== 'requested') return { kind }
      audit.record({ event: 'user.deletion_requested', subject: user.id, deletes_at: deletesAt.toISOString() })
      if (graceDays === 0) await remove(user.id, { dueBy: at })
      return { kind, deletesAt }
    },
    keep: (keepToken) => oneAtATime(keepToken, () => keep(keepToken)),
    remove,
    async sweep() {
      const at = now()
      for (const userId of await deletions.due(at, maxAtOnce)) await remove(userId, { dueBy: at })
    },
  }
}
