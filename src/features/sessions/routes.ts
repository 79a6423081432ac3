import { Type } from '../../json-schema.ts'
import type { ReadDevice } from '../../core/device.ts'
import type { Cookies } from '../../http/cookies.ts'
import { answersWith } from '../../http/document.ts'
import { personWithSession, userOf } from '../../http/guard.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { IdInPath, NoContent, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { SessionManagement } from './manage-sessions.ts'
import { inWords, OwnSessions, RememberedDevices, showSession } from './schema.ts'

const security = [{ bearer: [] }, { session: [] }]

/** The signed-in person's own sessions. */
export async function sessionRoutes(
  app: App,
  options: { sessions: SessionManagement; readDevice: ReadDevice; cookies: Cookies; limits: RateLimits },
): Promise<void> {
  const { sessions, readDevice, cookies, limits } = options
  const config = { access: 'user', rateLimit: limits.takingAway } as const
  const tags = ['Sign-in']

  app.get(
    '/api/users/me/sessions',
    {
      config,
      schema: {
        operationId: 'listSessions',
        summary: 'Where you are signed in',
        tags,
        security,
        response: { 200: OwnSessions },
      },
    },
    async (request, reply) => {
      const { subject, sessionId } = userOf(request)
      const shown = (await sessions.ofPerson(subject)).map((session) =>
        showSession(session, readDevice, { program: session.program, current: session.id === sessionId }),
      )
      return reply.header('cache-control', 'no-store').send(shown)
    },
  )

  app.delete(
    '/api/users/me/sessions/:id',
    {
      config: { ...config, answers: answersWith('Set-Cookie') },
      schema: {
        operationId: 'endSession',
        summary: 'End one of your sessions',
        description:
          'What hangs on it, such as tokens, is refused everywhere within a second. Ending this one signs you out.',
        tags,
        security,
        params: Type.Object({ id: IdInPath }),
        response: { 204: NoContent, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const person = userOf(request)
      await sessions.endOwn(person, id)
      if (id === person.sessionId) cookies.clearSignIn(reply)
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/api/users/me/sessions',
    {
      config,
      schema: {
        operationId: 'endOtherSessions',
        summary: 'End all your other sessions',
        description: 'What other browsers are known by ends too. This session goes on.',
        tags,
        security,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      const person = personWithSession(request)
      await sessions.endOthers(person, cookies.device(request))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/users/me/remembered-devices',
    {
      config,
      schema: {
        operationId: 'listRememberedDevices',
        summary: 'Where your second factor is not asked for',
        tags,
        security,
        response: { 200: RememberedDevices },
      },
    },
    async (request, reply) => {
      const devices = await sessions.remembered(userOf(request).subject)
      return reply.header('cache-control', 'no-store').send(
        devices.map(({ userAgent, seenAt, rememberedUntil }) => ({
          device: inWords(readDevice(userAgent)),
          seen_at: seenAt.toISOString(),
          remembered_until: rememberedUntil.toISOString(),
        })),
      )
    },
  )

  app.delete(
    '/api/users/me/remembered-devices',
    {
      config,
      schema: {
        operationId: 'forgetRememberedDevices',
        summary: 'Ask for your second factor everywhere again',
        tags,
        security,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await sessions.forgetRemembered(userOf(request).subject)
      return reply.code(204).send(null)
    },
  )
}
