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
    /** Whether people may give themselves a user name. */
    choosesUsername: boolean
    /** Whether accounts of directories can be connected. */
    hasDirectories: boolean
    /** Whether people sign in by accounts elsewhere. */
    linksAccounts: boolean
    pages: Pages<AccountTexts>
    csrf: CsrfTokens
  },
): Promise<void> {
  const { users, changeProfile, choosesUsername, hasDirectories, linksAccounts, pages, csrf } = options

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
      const shown = {
        account,
        choosesUsername,
        hasDirectories,
        linksAccounts,
        told: Object.hasOwn(told, done) ? told[done] : undefined,
      }
      return pages.show(reply, accountPage, shown)
    },
  )

  const showProfile = (
    request: FastifyRequest,
    reply: FastifyReply,
    { username = '', ...page }: Omit<Parameters<typeof profilePage>[1], 'csrfToken' | 'languages'>,
  ) => {
    const known = { csrfToken: csrf.tokenFor(request, reply), languages: pages.offered }
    return pages.show(reply, profilePage, { ...known, ...page, username: choosesUsername ? username : undefined })
  }

  app.get('/profile', { config: ownPage, schema: hidden }, async (request, reply) => {
    const { name, username, locale } = await accountOf(request)
    return showProfile(request, reply, { name, username: username ?? '', locale: locale ?? '' })
  })

  app.post(
    '/profile',
    {
      config: ownPage,
      schema: { ...hidden, body: Form({ name: Type.String(), username: Type.String(), locale: Type.String() }) },
      errorHandler: keepsTyped(pages, (request, reply, { name = '', username, locale = '' }, fault) =>
        showProfile(request, reply, { name, username, locale, fault }),
      ),
    },
    async (request, reply) => {
      const { csrf_token, name = '', username = '', locale = '' } = request.body
      const typed = { name, username, locale }
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showProfile(request, reply, { ...typed, notice: again.notice })
      const { kit, accounts } = pages.textsFor(request)
      const refuse = (status: number, faults: { name?: string; username?: string }) =>
        showProfile(request, reply.code(status), { ...typed, faults, fault: kit.markedBelow })
      if (!isName(name)) return refuse(422, { name: kit.nameFault })
      const chosen = pages.offered.find((language) => language === locale) ?? null
      const { username: present } = await accountOf(request)
      const wanted = username.trim() === '' ? null : username
      const isNew = choosesUsername && wanted !== present
      try {
        const change = { name: name.trim(), locale: chosen, ...(isNew && { username: wanted }) }
        await changeProfile(userOf(request).subject, change)
      } catch (error) {
        const { badUsername, usernameTaken } = accounts.account.profile
        if (!(error instanceof GatehouseError)) throw error
        if (error.code === 'conflict') return refuse(409, { username: usernameTaken })
        if (error.code === 'invalid_request') return refuse(422, { username: badUsername })
        throw error
      }
      return goTo(reply, 'account?done=profile')
    },
  )
}
