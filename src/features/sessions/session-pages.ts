import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ReadDevice } from '../../core/device.ts'
import { GatehouseError } from '../../core/errors.ts'
import { timeOf } from '../../core/ids.ts'
import type { Cookies } from '../../http/cookies.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { personWithSession } from '../../http/guard.ts'
import { Form, goTo, hidden, ownPage } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { SessionManagement } from './manage-sessions.ts'
import { sessionsPage } from './session-views.ts'
import type { SessionTexts } from './texts.ts'

/** Where people see and end their own sessions. */
export async function sessionPages(
  app: App,
  options: {
    sessions: SessionManagement
    readDevice: ReadDevice
    pages: Pages<SessionTexts>
    cookies: Cookies
    csrf: CsrfTokens
    limits: RateLimits
  },
): Promise<void> {
  const { sessions, readDevice, pages, cookies, csrf, limits } = options
  const config = { ...ownPage, rateLimit: limits.takingAway }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    words: { fault?: string; notice?: string; told?: string | undefined },
  ) {
    const { subject, sessionId } = personWithSession(request)
    const texts = pages.textsFor(request).sessions
    const list = (await sessions.ofPerson(subject)).map(({ id, userAgent, program, ip, lastSeenAt }) => ({
      id,
      device: program === null ? texts.device(readDevice(userAgent)) : texts.program(program),
      ip,
      beganAt: new Date(timeOf(id)),
      seenAt: lastSeenAt,
      isCurrent: id === sessionId,
    }))
    const remembered = (await sessions.remembered(subject)).map(({ userAgent, seenAt, rememberedUntil }) => ({
      device: texts.device(readDevice(userAgent)),
      seenAt,
      rememberedUntil,
    }))
    return pages.show(reply, sessionsPage, { csrfToken: csrf.tokenFor(request, reply), list, remembered, ...words })
  }

  app.get(
    '/sessions',
    { config, schema: { ...hidden, querystring: Type.Partial(Type.Object({ done: Type.String() })) } },
    async (request, reply) => {
      const { ended, othersEnded, forgotten } = pages.textsFor(request).sessions
      const told = { one: ended, others: othersEnded, forgotten }[request.query.done ?? '']
      return show(request, reply, { told })
    },
  )

  app.post(
    '/sessions',
    { config, schema: { ...hidden, body: Form({ id: Type.String(), all: Type.String(), forget: Type.String() }) } },
    async (request, reply) => {
      const { csrf_token, id = '', all, forget } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return show(request, reply, { notice: again.notice })
      const person = personWithSession(request)
      if (forget !== undefined) {
        await sessions.forgetRemembered(person.subject)
        return goTo(reply, 'sessions?done=forgotten')
      }
      if (all !== undefined) {
        await sessions.endOthers(person, cookies.device(request))
        return goTo(reply, 'sessions?done=others')
      }
      try {
        await sessions.endOwn(person, id)
      } catch (error) {
        if (!(error instanceof GatehouseError) || error.code !== 'not_found') throw error
        return show(request, reply.code(404), { fault: pages.textsFor(request).sessions.gone })
      }
      if (id === person.sessionId) cookies.clearSignIn(reply)
      return goTo(reply, 'sessions?done=one')
    },
  )
}
