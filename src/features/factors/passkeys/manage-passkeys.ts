import type { Audit } from '../../../core/audit.ts'
import type { Clock } from '../../../core/clock.ts'
import { isUuid } from '../../../core/ids.ts'
import type { Language } from '../../../core/language.ts'
import type { MailOf, MailWriter } from '../../../core/mail.ts'
import type { Passkey, PasskeyStore } from '../../../core/records/passkey.ts'
import type { factorsEvents } from '../audit-events.ts'
import type { FactorOwner } from '../manage-factors.ts'

export interface PasskeyManagement {
  listOf(userId: string): Promise<Passkey[]>
  /** False when there is no such one. */
  rename(userId: string, id: string, name: string): Promise<boolean>
  /** Takes one away, and the recovery codes with the last factor. False when there is no such one. */
  remove(owner: FactorOwner, id: string, language: Language): Promise<boolean>
}

/** What people do to the passkeys that they have. Who they are was proven before: see `fresh` in `http/guard.ts`. */
export function createPasskeyManagement(dependencies: {
  passkeys: Pick<PasskeyStore, 'listOf' | 'rename' | 'remove'>
  mails: MailWriter<MailOf<{ 'passkey-removed': { name: string; link: string } }>>
  audit: Audit<typeof factorsEvents>
  clock: Clock
  issuer: string
}): PasskeyManagement {
  const { passkeys, mails, audit, clock, issuer } = dependencies
  return {
    listOf: passkeys.listOf,
    async rename(userId, id, name) {
      if (!isUuid(id) || !(await passkeys.rename(userId, id, name))) return false
      audit.record({ event: 'passkey.renamed', subject: userId, passkey: id })
      return true
    },
    async remove({ id: userId, email, locale }, id, language) {
      const passkey = (await passkeys.listOf(userId)).find((one) => one.id === id)
      if (passkey === undefined) return false
      const facts = { name: passkey.name, link: `${issuer}/factors` }
      const told = { kind: 'passkey-removed', to: email, userId, language: locale ?? language, facts } as const
      if (!(await passkeys.remove(userId, id, new Date(clock.now()), { mails: [mails.seal(told)] }))) return false
      audit.record({ event: 'factor.removed', subject: userId, factor: 'passkey' })
      return true
    },
  }
}
