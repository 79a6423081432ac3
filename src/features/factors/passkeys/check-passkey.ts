import type { Audit } from '../../../core/audit.ts'
import { methodsOfPasskey } from '../../../core/authentication.ts'
import type { Budgets } from '../../../core/budgets.ts'
import type { Clock } from '../../../core/clock.ts'
import type { Language } from '../../../core/language.ts'
import type { MailOf, MailWriter } from '../../../core/mail.ts'
import type { PasskeyFault, ShownCredential } from '../../../core/passkey-answers.ts'
import type { QueuedMail } from '../../../core/records/mail.ts'
import type { Passkey, PasskeyStore } from '../../../core/records/passkey.ts'
import type { User } from '../../../core/records/user.ts'
import type { factorsEvents } from '../audit-events.ts'
import { type Asked, type Challenges, userHandleOf } from './challenges.ts'
import { challengeIn, readShownCredential, type RelyingParty, verifyShownCredential } from './webauthn.ts'

type PasskeyCheck =
  /** `methods`: how the person was proven by it, in the names of RFC 8176. */
  | { kind: 'right'; user: User; passkeyId: string; methods: string[] }
  /** The passkey is right, and its person has asked for the deletion of the account. */
  | { kind: 'deletion_pending'; user: User; deletesAt: Date }
  /** `user`: whose account it would be, for the trail alone. */
  | { kind: 'wrong'; fault: PasskeyFault; user: User | undefined }

/** Tests what a browser has sent for a passkey, and uses its challenge up. */
export type CheckPasskey = (asked: Asked, shown: ShownCredential) => Promise<PasskeyCheck>

/** Mails about copies of one passkey. */
const perDay = { most: 1, windowSeconds: 86_400 }

/**
 * The one place where passkeys are tested (Web Authentication Level 3 §7.2). What its answer says by itself is looked at before anybody
 * is looked for; from there on each refusal is the same, so that it tells nothing about accounts. The challenge is used up first.
 */
export function createCheckPasskey(dependencies: {
  passkeys: Pick<PasskeyStore, 'find' | 'use' | 'counts'>
  challenges: Pick<Challenges, 'use'>
  rp: RelyingParty
  budgets: Pick<Budgets, 'spend'>
  mails: MailWriter<MailOf<{ 'passkey-copied': { name: string; link: string } }>>
  queueMails(mails: readonly QueuedMail[]): Promise<void>
  audit: Audit<typeof factorsEvents>
  clock: Clock
  issuer: string
  /** Of mails to people who have chosen none. */
  firstLanguage: Language
}): CheckPasskey {
  const { passkeys, challenges, rp, budgets, mails, queueMails, audit, clock, issuer, firstLanguage } = dependencies

  async function tellOfCopy({ id, email, locale }: User, passkey: Passkey): Promise<void> {
    audit.record({ event: 'passkey.copied', subject: id, passkey: passkey.id })
    if ((await budgets.spend([{ key: `mail:passkey-copied:${passkey.id}`, ...perDay }])).kind === 'used_up') return
    const facts = { name: passkey.name, link: `${issuer}/factors` }
    await queueMails([
      mails.seal({ kind: 'passkey-copied', to: email, userId: id, language: locale ?? firstLanguage, facts }),
    ])
  }

  return async (asked, shown) => {
    const challenge = challengeIn(shown)
    if (challenge === undefined || !(await challenges.use(asked, challenge))) {
      return { kind: 'wrong', fault: 'stale', user: undefined }
    }
    const said = readShownCredential(shown, rp)
    if (typeof said === 'string') return { kind: 'wrong', fault: said, user: undefined }
    const found = await passkeys.find(shown.id)
    const { user, passkey } = found ?? {}
    const wrong = { kind: 'wrong', fault: 'unknown', user } as const
    if (user === undefined || passkey === undefined) return wrong
    // Who signs in is named by the passkey alone; otherwise an authenticator need not name them (§7.2, step 6).
    const { userHandle = null } = shown.response
    const isNamed = userHandle === userHandleOf(user.id)
    const isTheirs = asked.purpose === 'sign_in' ? isNamed : asked.userId === user.id && (isNamed || !userHandle)
    if (!isTheirs) return wrong
    if (!(await verifyShownCredential(shown, { publicKey: passkey.publicKey, challenge, rp }))) return wrong
    if (said.backupEligible !== passkey.backupEligible) return wrong
    const isDeleting = user.status === 'deleting' && user.deletesAt !== null
    if (user.status !== 'active' && !isDeleting) return wrong
    if (!(await passkeys.use(passkey.id, { ...said, at: new Date(clock.now()) }))) {
      // It may have been taken away meanwhile.
      if (await passkeys.counts(passkey.id)) await tellOfCopy(user, passkey)
      return wrong
    }
    if (isDeleting) return { kind: 'deletion_pending', user, deletesAt: user.deletesAt! }
    return { kind: 'right', user, passkeyId: passkey.id, methods: methodsOfPasskey(passkey) }
  }
}
