import { type Static, Type } from '../../json-schema.ts'
import { type Language, languageTags } from '../../core/language.ts'
import type { Mail } from '../../core/mailer.ts'
import { type MailRow, mailStates, type MailStore } from '../../core/records/mail.ts'
import { administers } from '../../http/admin-schema.ts'
import { PageOf, pageAsked, pageOf } from '../../http/lists.ts'
import { IdInPath, Instant, OneOf, problems, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { RetryMail } from './retry-mail.ts'

const Time = Type.Union([Instant, Type.Null()])
const Text = Type.Union([Type.String(), Type.Null()])
const Shown = Type.Object({
  id: Type.String({ format: 'uuid' }),
  kind: Type.String({ examples: ['verify-email'] }),
  language: Type.String(),
  user_id: Text,
  state: Type.Enum(mailStates),
  attempts: Type.Integer(),
  fault: Text,
  created_at: Instant,
  due_at: Time,
  expires_at: Time,
  ended_at: Time,
})
/** A mail as administrators see it: neither to whom it goes nor what it says, which opens accounts. */
export type ShownMail = Static<typeof Shown>

const example = {
  ...{ id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f', kind: 'verify-email', language: 'en', user_id: null, state: 'dead' },
  ...{ attempts: 14, fault: 'ECONNREFUSED', created_at: '2026-11-20T08:00:00.000Z', due_at: null },
  ...{ expires_at: '2026-11-21T08:00:00.000Z', ended_at: '2026-11-21T07:00:00.000Z' },
}
const waitsAgain = { ...example, state: 'queued', attempts: 0, due_at: '2026-11-21T07:30:00.000Z', ended_at: null }

const Preview = Type.Object(
  { subject: Type.String(), text: Type.String(), html: Type.String() },
  { description: 'The mail, with examples of what it tells.' },
)
export type ShownPreview = Static<typeof Preview>

/** What administrators and operators see of mails, and do to them. */
export async function mailAdminRoutes(
  app: App,
  options: {
    mails: Pick<MailStore, 'list'>
    retry: RetryMail
    /** The names of all mails. */
    kinds: readonly string[]
    preview(kind: string, language: Language): Mail
  },
): Promise<void> {
  const { mails, retry, kinds, preview } = options
  app.get(
    '/mails',
    administers('gatehouse:mails:read')('listMails', 'Mails that wait, were sent or were given up', {
      description: 'Neither to whom they go nor what they say.',
      querystring: Type.Object(
        {
          state: Type.Optional(OneOf(mailStates)),
          ...pageAsked(),
        },
        strict,
      ),
      response: { 200: PageOf(Shown, { description: 'The newest first.', examples: [example] }) },
    }),
    ({ query }) => pageOf(query, (before, limit) => mails.list({ state: query.state, before, limit }), showMail),
  )

  app.post(
    '/mails/:id/retry',
    administers('gatehouse:mails:write')('retryMail', 'Try a mail again now', {
      description: 'One that was given up is tried for another 24 hours. One that was sent is not sent again.',
      params: Type.Object({ id: IdInPath }),
      response: {
        200: { ...Shown, description: 'The mail, which waits again.', examples: [waitsAgain] },
        ...problems('not_found', 'conflict'),
      },
    }),
    async (request) => showMail(await retry(request.params.id)),
  )

  app.get(
    '/mail-templates/:kind',
    administers('gatehouse:mails:read')('previewMail', 'What a mail says', {
      description: 'With examples in place of what it tells of a person.',
      params: Type.Object({ kind: OneOf(kinds) }),
      querystring: Type.Object({ language: Type.Optional(OneOf(languageTags)) }, strict),
      response: { 200: Preview },
    }),
    async (request) => {
      const { subject, text, html } = preview(request.params.kind, request.query.language ?? 'en')
      return { subject, text, html }
    },
  )
}

function showMail(row: MailRow): ShownMail {
  return {
    id: row.id,
    kind: row.kind,
    language: row.language,
    user_id: row.userId,
    state: row.state,
    attempts: row.attempts,
    fault: row.fault,
    created_at: row.createdAt.toISOString(),
    due_at: row.dueAt?.toISOString() ?? null,
    expires_at: row.expiresAt?.toISOString() ?? null,
    ended_at: row.endedAt?.toISOString() ?? null,
  }
}
