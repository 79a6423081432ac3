import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Client, ClientStore } from '../../core/records/client.ts'
import { openIdSettingsOf } from '../../core/records/client.ts'
import type { Subjects } from '../../core/subjects.ts'
import { withParameters } from '../../core/redirect-uris.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import { Form, goTo, hidden, publicPage, sentWith } from '../../http/page-requests.ts'
import type { PageUsers } from '../../http/page-users.ts'
import type { Pages } from '../../http/pages.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Messages } from '../../pages/notices.ts'
import type { EndSession } from '../sessions/index.ts'
import { leavePage, refusedPage } from './consent-views.ts'
import type { OpenIdTexts } from './texts.ts'

export const logoutPath = '/oauth/logout'

const names = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const
const text = Type.Optional(Type.String({ maxLength: 8_192 }))
const Asked = Type.Object({ id_token_hint: text, client_id: text, post_logout_redirect_uri: text, state: text })

/** What a program asks that wants somebody signed out. */
interface Leaving {
  client: Client | undefined
  /** The session of which the hint tells. */
  sessionId: string | undefined
  /** Where the browser goes afterwards. */
  target: string | undefined
}

/**
 * RP-Initiated Logout 1.0. With an ID token of the very session the person need not be asked: the program has been let in by it.
 * Without one they are, since any page may lead a browser here. An expired ID token is as good a hint (§2).
 */
export async function logoutPages(
  app: App,
  options: BrowserGuards & {
    clients: Pick<ClientStore, 'find'>
    verifyIdToken(token: string): { sub: string; aud: string; sid?: string } | undefined
    subjects: Pick<Subjects, 'read'>
    endSession: EndSession
    pageUsers: PageUsers
    pages: Pages<OpenIdTexts>
    basePath: string
  },
): Promise<void> {
  const { clients, verifyIdToken, subjects, endSession, pageUsers, pages, cookies, csrf, limits, basePath } = options
  const config = { ...publicPage, rateLimit: limits.takingAway }

  /** Nothing where it asks for something that is not the program's: then nobody is led anywhere. */
  async function read(sent: Readonly<Record<string, string | undefined>>): Promise<Leaving | undefined> {
    const { id_token_hint: hint, client_id: named, post_logout_redirect_uri: uri, state } = sent
    const told = hint === undefined ? undefined : verifyIdToken(hint)
    if (hint !== undefined && told === undefined) return undefined
    if (told !== undefined && named !== undefined && told.aud !== named) return undefined
    const id = told?.aud ?? named
    const client = id !== undefined && /^[\x21-\x7e]{1,200}$/.test(id) ? await clients.find(id) : undefined
    const sessionId = told?.sid === undefined ? undefined : subjects.read(client, { sub: told.sub, sid: told.sid })?.sid
    if (uri === undefined) return { client, sessionId, target: undefined }
    if (client === undefined || !openIdSettingsOf(client).postLogoutRedirectUris.includes(uri)) return undefined
    return { client, sessionId, target: state === undefined ? uri : withParameters(uri, { state }) }
  }

  async function leave(request: FastifyRequest, reply: FastifyReply, sent: Record<string, string | undefined>) {
    const leaving = await read(sent)
    if (leaving === undefined) return pages.show(reply.code(400), refusedPage, { basePath, reason: 'post_logout' })
    const user = await pageUsers.userOf(request)
    if (user?.sessionId === undefined) return goTo(reply, leaving.target ?? `${basePath}/signed-out`)
    if (user.sessionId !== leaving.sessionId) return goTo(reply, `${basePath}/end-session?${queryOf(sent)}`)
    return signOut(reply, user.sessionId, leaving)
  }

  async function signOut(reply: FastifyReply, sessionId: string, { target }: Leaving) {
    await endSession(sessionId, 'logged_out')
    cookies.clearSignIn(reply)
    return goTo(reply, target ?? `${basePath}/signed-out`)
  }

  app.get(logoutPath, { config, schema: { ...hidden, querystring: Asked } }, async (request, reply) =>
    leave(request, reply, sentWith(request)),
  )
  // What another site posts comes without the cookies of this one: it is asked for once more, as an address.
  app.post(logoutPath, { config, schema: { ...hidden, body: Type.Partial(Asked) } }, async (request, reply) =>
    goTo(reply, `${basePath}${logoutPath}?${queryOf(sentWith(request))}`),
  )

  async function ask(request: FastifyRequest, reply: FastifyReply, asked: string, words: Messages = {}) {
    const leaving = await read(Object.fromEntries(new URLSearchParams(asked)))
    if (leaving === undefined) return pages.show(reply.code(400), refusedPage, { basePath, reason: 'post_logout' })
    if ((await pageUsers.userOf(request)) === undefined) return goTo(reply, leaving.target ?? `${basePath}/signed-out`)
    return pages.show(reply, leavePage, {
      ...{ csrfToken: csrf.tokenFor(request, reply), request: asked, program: leaving.client?.name, stay: './' },
      ...words,
    })
  }

  app.get(
    '/end-session',
    { config: { ...config, address: (sent) => sent }, schema: { ...hidden, querystring: Asked } },
    async (request, reply) => ask(request, reply, queryOf(sentWith(request))),
  )

  app.post(
    '/end-session',
    {
      config: { ...config, address: ({ request }) => Object.fromEntries(new URLSearchParams(request ?? '')) },
      schema: { ...hidden, body: Form({ request: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, request: asked = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const user = await pageUsers.userOf(request)
      if (again !== undefined || user?.sessionId === undefined) {
        return ask(request, reply, asked, { notice: again?.notice })
      }
      const leaving = await read(Object.fromEntries(new URLSearchParams(asked)))
      if (leaving === undefined) return pages.show(reply.code(400), refusedPage, { basePath, reason: 'post_logout' })
      return signOut(reply, user.sessionId, leaving)
    },
  )
}

function queryOf(sent: Readonly<Record<string, string | undefined>>): string {
  const given = names.flatMap((name) => (sent[name] === undefined ? [] : [[name, sent[name]] as [string, string]]))
  return String(new URLSearchParams(given))
}
