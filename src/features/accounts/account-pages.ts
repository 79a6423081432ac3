import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatehouseError } from '../../core/errors.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { userOf } from '../../http/guard.ts'
import { keepsTyped } from '../../http/kept-forms.ts'
import { Form, goTo, hidden, ownPage } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import { accountPage, profilePage } from './account-views.ts'
import type { ChangeProfile } from './change-profile.ts'
import { isName } from './register-pages.ts'
import type { AccountTexts } from './texts.ts'

/** Where people see what belongs to their account, and say how they are called. */
export async function accountPages(
  app: App,
  options: {
    users: Pick<UserStore, 'findById'>
    changeProfile: ChangeProfile
    pages: Pages<AccountTexts>
    csrf: CsrfTokens
  },
): Promise<void> {
  const { users, changeProfile, pages, csrf } = options

  async function accountOf(request: FastifyRequest): Promise<User> {
    const user = await users.findById(userOf(request).subject)
    if (user === undefined) throw new GatehouseError('unauthorized')
    return user
  }

  app.get(
    '/account',
    {
      config: ownPage,
      schema: { ...hidden, querystring: Type.Partial(Type.Object({ done: Type.String() })) },
    },
    async (request, reply) => {
      const { done = '' } = request.query
      const told: Record<string, string> = pages.textsFor(request).accounts.account.done
      const account = await accountOf(request)
      return pages.show(reply, accountPage, { account, told: Object.hasOwn(told, done) ? told[done] : undefined })
    },
  )

  const showProfile = (
    request: FastifyRequest,
    reply: FastifyReply,
    page: Omit<Parameters<typeof profilePage>[1], 'csrfToken' | 'languages'>,
  ) => pages.show(reply, profilePage, { csrfToken: csrf.tokenFor(request, reply), languages: pages.offered, ...page })

  app.get('/profile', { config: ownPage, schema: hidden }, async (request, reply) => {
    const { name, locale } = await accountOf(request)
    return showProfile(request, reply, { name, locale: locale ?? '' })
  })

  app.post(
    '/profile',
    {
      config: ownPage,
      schema: { ...hidden, body: Form({ name: Type.String(), locale: Type.String() }) },
      errorHandler: keepsTyped(pages, (request, reply, { name = '', locale = '' }, fault) =>
        showProfile(request, reply, { name, locale, fault }),
      ),
    },
    async (request, reply) => {
      const { csrf_token, name = '', locale = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showProfile(request, reply, { name, locale, notice: again.notice })
      const { kit } = pages.textsFor(request)
      if (!isName(name)) {
        reply.code(422)
        return showProfile(request, reply, { name, locale, faults: { name: kit.nameFault }, fault: kit.markedBelow })
      }
      const chosen = pages.offered.find((language) => language === locale) ?? null
      await changeProfile(userOf(request).subject, { name: name.trim(), locale: chosen })
      return goTo(reply, 'account?done=profile')
    },
  )
}
