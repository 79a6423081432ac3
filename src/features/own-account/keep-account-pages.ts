import { Type } from '../../json-schema.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { Form, hidden, publicPage } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import type { AccountDeletion } from './delete-account.ts'
import { accountKeptPage, accountNotKeptPage } from './keep-account-views.ts'
import type { OwnAccountTexts } from './texts.ts'

/** Where the form leads that a sign-in shows while an account is going to be deleted. */
export async function keepAccountPages(
  app: App,
  options: {
    deletion: Pick<AccountDeletion, 'keep'>
    pages: Pages<OwnAccountTexts>
    csrf: CsrfTokens
    limits: RateLimits
  },
): Promise<void> {
  const { deletion, pages, limits } = options
  app.post(
    '/keep-account',
    {
      config: { ...publicPage, rateLimit: limits.secretTests },
      schema: { ...hidden, body: Form({ keep_token: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, keep_token = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const isKept = again === undefined && (await deletion.keep(keep_token))
      return isKept ? pages.show(reply, accountKeptPage) : pages.show(reply.code(400), accountNotKeptPage)
    },
  )
}
