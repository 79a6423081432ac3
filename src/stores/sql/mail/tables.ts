import type { MailState } from '../../../core/records/mail.ts'
import { users } from '../accounts/tables.ts'
import { instant } from '../columns.ts'
import { index, integer, pgTable, sql, text, uuid } from '../drizzle.ts'

export const mails = pgTable(
  'mails',
  {
    id: uuid('id').primaryKey(),
    kind: text('kind').notNull(),
    language: text('language').notNull(),
    userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
    /** Null once nobody sends it any more: a link in clear would undo the hashing of its token, and a sealed one waits for the secret. */
    sealed: text('sealed'),
    /** Keyed hash of the address that it goes to, by which it leaves with the account of that address; null in rows of before. */
    recipient: text('recipient'),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at'),
    state: text('state').$type<MailState>().notNull().default('queued'),
    queuedAt: instant('queued_at').notNull(),
    /** Whoever sends it moves this on: until then it is nobody else's. Null where nobody is to send it. */
    dueAt: instant('due_at'),
    attempts: integer('attempts').notNull().default(0),
    fault: text('fault'),
    endedAt: instant('ended_at'),
  },
  (table) => [
    index('mails_due_at')
      .on(table.dueAt)
      .where(sql`${table.dueAt} is not null`),
    index('mails_ended_at').on(table.state, table.endedAt),
    index('mails_user_id').on(table.userId),
    index('mails_recipient')
      .on(table.recipient)
      .where(sql`${table.recipient} is not null`),
  ],
)

export const mailRequests = pgTable(
  'mail_requests',
  {
    id: uuid('id').primaryKey(),
    sealed: text('sealed').notNull(),
    /** Keyed hash of the address that it is about. */
    recipient: text('recipient'),
    createdAt: instant('created_at').notNull(),
    /** Whoever answers it moves this on: until then it is nobody else's. */
    dueAt: instant('due_at').notNull(),
  },
  (table) => [
    index('mail_requests_due_at').on(table.dueAt),
    index('mail_requests_created_at').on(table.createdAt),
    index('mail_requests_recipient').on(table.recipient),
  ],
)
