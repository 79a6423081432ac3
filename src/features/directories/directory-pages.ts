import type { FastifyReply, FastifyRequest } from 'fastify'
import { DirectoryFault } from '../../core/directory.ts'
import { readLogin } from '../../core/username.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { personWithSession, userOf } from '../../http/guard.ts'
import { Form, goTo, hidden, ownPage } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Messages } from '../../pages/notices.ts'
import type { ConnectAccount } from './connect-account.ts'
import { directoryAccountsPage } from './directory-views.ts'
import type { DirectoriesTexts } from './texts.ts'

type Words = Messages & { login?: string; isWrong?: boolean; told?: string | undefined }

/** Where people connect an account of a directory with theirs, by proving both: this one anew, that one by its password. */
export async function directoryPages(
  app: App,
  options: { connect: ConnectAccount; pages: Pages<DirectoriesTexts>; csrf: CsrfTokens; limits: RateLimits },
): Promise<void> {
  const { connect, pages, csrf, limits } = options
  const config = { ...ownPage, fresh: true, rateLimit: limits.secretTests } as const

  async function show(request: FastifyRequest, reply: FastifyReply, words: Words) {
    const list = await connect.of(userOf(request).subject)
    return pages.show(reply, directoryAccountsPage, { csrfToken: csrf.tokenFor(request, reply), list, ...words })
  }

  app.get(
    '/directory-accounts',
    { config, schema: { ...hidden, querystring: Type.Partial(Type.Object({ done: Type.String() })) } },
    async (request, reply) => {
      const { connected, disconnected } = pages.textsFor(request).directories
      const told = { connected, disconnected }[request.query.done ?? '']
      return show(request, reply, { told })
    },
  )

  app.post(
    '/directory-accounts',
    {
      config,
      schema: {
        ...hidden,
        body: Form({ login: Type.String(), password: Type.String(), disconnect: Type.String() }),
      },
    },
    async (request, reply) => {
      const { csrf_token, login = '', password = '', disconnect } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return show(request, reply, { login, notice: again.notice })
      const person = personWithSession(request)
      const { directories: texts, kit } = pages.textsFor(request)
      if (disconnect !== undefined) {
        const outcome = await connect.disconnect(person, disconnect)
        if (outcome === 'disconnected') return goTo(reply, 'directory-accounts?done=disconnected')
        const fault = outcome === 'last_way' ? texts.lastWay : texts.gone
        return show(request, reply.code(outcome === 'last_way' ? 409 : 404), { fault })
      }
      const read = readLogin(login)
      if ('fault' in read) {
        const fault = read.fault === 'no_login' ? texts.wrong : kit.emailFaults[read.fault]
        return show(request, reply.code(422), { login, fault, isWrong: true })
      }
      try {
        const outcome = await connect.connect(person, {
          ...{ login: read.login, password: password.slice(0, 512) },
          language: pages.languageOf(request),
        })
        if (outcome.kind === 'connected') return await goTo(reply, 'directory-accounts?done=connected')
        const fault = {
          wrong: () => texts.wrong,
          taken: () => texts.taken,
          must_change: () => texts.mustChange,
          ended: () => texts.ended('directory' in outcome ? outcome.directory : ''),
        }[outcome.kind]()
        return await show(request, reply.code(422), { login, fault, isWrong: outcome.kind === 'wrong' })
      } catch (error) {
        if (!(error instanceof DirectoryFault)) throw error
        return show(request, reply.code(503), { login, fault: texts.away })
      }
    },
  )
}
