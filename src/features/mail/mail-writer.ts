import type { Clock } from '../../core/clock.ts'
import { createOrderedIds } from '../../core/ids.ts'
import type { MailKinds, MailOf, MailWriter } from '../../core/mail.ts'
import type { Mail } from '../../core/mailer.ts'
import type { SecretBox } from '../../core/secrets.ts'

/** Writes mails and seals them, each for its own row. */
export function createMailWriter(dependencies: {
  write(mail: MailOf<MailKinds>): Mail
  /** Under which an address is stored beside a mail. */
  recipientOf(email: string): string
  box: SecretBox
  clock: Clock
}): MailWriter<MailOf<MailKinds>> {
  const { write, recipientOf, box, clock } = dependencies
  // Mails of one change are sent in the order in which they were written.
  const nextId = createOrderedIds()
  return {
    seal(mail) {
      const { kind, language, userId = null, expiresAt = null } = mail
      const now = clock.now()
      const id = nextId(now)
      const sealed = box.seal(JSON.stringify(write(mail)), id)
      const recipient = recipientOf(mail.to)
      return { id, kind, language, userId, recipient, sealed, createdAt: new Date(now), expiresAt }
    },
  }
}
