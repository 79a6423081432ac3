import { type Static, Type } from '../../json-schema.ts'
import type { Invitation } from '../../core/records/invitation.ts'
import { administers, ListedName } from '../../http/admin-schema.ts'
import { PageOf, pageAsked, pageOf } from '../../http/lists.ts'
import { Email, IdInPath, Instant, Nullable, problems, strict, WrittenEmail } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { Invitations } from './invitations.ts'
import { Locale, Username } from './schema.ts'

const Shown = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    email: Email,
    username: Nullable(Type.String()),
    roles: Type.Array(Type.String()),
    locale: Locale,
    created_at: Instant,
    expires_at: Instant,
  },
  { description: 'An invitation that can be used.' },
)
/** An invitation as administrators see it; its link is in its mail alone. */
export type ShownInvitation = Static<typeof Shown>

const Withdrawn = Type.Object(
  { id: Type.String({ format: 'uuid' }), withdrawn: Type.Boolean() },
  { description: 'Its link opens nothing any more.' },
)
export type WithdrawnInvitation = Static<typeof Withdrawn>

const read = administers('gatehouse:users:read')
const write = administers('gatehouse:users:write')
const give = administers('gatehouse:users:write', { fresh: true })

/** How administrators invite people. */
export async function invitationRoutes(app: App, { invitations }: { invitations: Invitations }): Promise<void> {
  app.post(
    '/invitations',
    give('invite', 'Invite somebody', {
      description:
        'Mails a link by which an account of this address is opened, with these roles. It works once, for seven days, and in place ' +
        'of an earlier one.',
      body: Type.Object(
        {
          email: WrittenEmail,
          username: Type.Optional(Username),
          roles: Type.Array(ListedName, { default: [] }),
          locale: Type.Optional(Locale),
        },
        strict,
      ),
      response: { 201: Shown, ...problems('conflict', 'passwords_off') },
    }),
    async (request, reply) => reply.code(201).send(showInvitation(await invitations.invite(request.body))),
  )

  app.get(
    '/invitations',
    read('listInvitations', 'Invitations that can be used', {
      querystring: Type.Object(pageAsked(), strict),
      response: { 200: PageOf(Shown, { description: 'The newest first.' }) },
    }),
    ({ query }) => pageOf(query, (before, limit) => invitations.list({ before, limit }), showInvitation),
  )

  app.delete(
    '/invitations/:id',
    write('withdrawInvitation', 'Withdraw an invitation', {
      params: Type.Object({ id: IdInPath }),
      response: { 200: Withdrawn, ...problems('not_found') },
    }),
    async ({ params: { id } }) => {
      await invitations.withdraw(id)
      return { id, withdrawn: true }
    },
  )
}

function showInvitation({ id, email, username, roles, language, createdAt, expiresAt }: Invitation): ShownInvitation {
  const times = { created_at: createdAt.toISOString(), expires_at: expiresAt.toISOString() }
  return { id, email, username, roles, locale: language, ...times }
}
