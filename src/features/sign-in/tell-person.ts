import type { Budgets } from '../../core/budgets.ts'
import type { Clock } from '../../core/clock.ts'
import type { ReadDevice } from '../../core/device.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { Language } from '../../core/language.ts'
import type { Log } from '../../core/log.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { User, UserStore } from '../../core/records/user.ts'

/** Mails about new devices to one person; a program that signs in anew for each call fills no mailbox. */
const newDevices = { most: 20, windowSeconds: 86_400 }

/** Where a sign-in comes from, and how its person was proven (RFC 8176). */
export interface SignInFrom {
  ip: string
  userAgent: string
  methods: readonly string[]
}

interface TellPerson {
  /** The mail that tells of a device that the account has not seen; none where there have been too many today. */
  newDeviceMails(user: User, from: SignInFrom): Promise<readonly QueuedMail[]>
  /** Tells of a lockout, once as long as it goes on. Neither waits nor throws; of no account it does the same work. */
  tellOfLockout(user: User | undefined): void
}

/** What a person is told of sign-ins to their account, in their language. */
export function createTellPerson(dependencies: {
  mails: MailWriter<
    MailOf<{
      'new-device': { at: Date; browser: string; system: string; ip: string; by: string }
      'account-locked': { minutes: number }
    }>
  >
  users: Pick<UserStore, 'noteLockout'>
  budgets: Pick<Budgets, 'spend'>
  readDevice: ReadDevice
  clock: Clock
  log: Log
  /** Of mails to people who have chosen none. */
  firstLanguage: Language
  windowSeconds: number
}): TellPerson {
  const { mails, users, budgets, readDevice, clock, log, firstLanguage, windowSeconds } = dependencies
  const to = ({ id, email, locale }: Pick<User, 'id' | 'email' | 'locale'>) => ({
    to: email,
    userId: id,
    language: locale ?? firstLanguage,
  })
  return {
    async newDeviceMails(user, { ip, userAgent, methods }) {
      const spending = await budgets.spend([{ key: `mail:new-device:${user.id}`, ...newDevices }])
      if (spending.kind === 'used_up') return []
      const { browser = '', system = '' } = readDevice(userAgent)
      const by = methods.includes('fed') ? 'elsewhere' : methods.includes('pwd') ? 'password' : 'passkey'
      const facts = { at: new Date(clock.now()), browser, system, ip, by } as const
      return [mails.seal({ kind: 'new-device', ...to(user), facts })]
    },
    tellOfLockout(user) {
      const now = clock.now()
      const minutes = Math.ceil(windowSeconds / 60)
      const nobody = { id: uuidv7(now), email: 'nobody@nowhere.invalid', locale: null }
      // Written for nobody too: it is done before the request goes on.
      const told = mails.seal({ kind: 'account-locked', ...to(user ?? nobody), facts: { minutes } })
      // It is told of once a window, and is over when a window had none.
      const lockout = { at: new Date(now), until: new Date(now + 2.5 * windowSeconds * 1_000) }
      users.noteLockout(user?.id ?? nobody.id, lockout, user === undefined ? [] : [told]).catch((error: unknown) => {
        log.warn({ event: 'lockout.not_told', err: error }, 'a person was not told of a lockout')
      })
    },
  }
}
