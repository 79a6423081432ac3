import { GatehouseError } from '../../core/errors.ts'
import { hidden, publicPage } from '../../http/page-requests.ts'
import type { App } from '../../http/server.ts'
import type { Asked, Ceremonies } from '../factors/index.ts'
import type { PageOptions } from './http/page-options.ts'

/** What the script of passkeys asks for, on behalf of whoever looks at a page: it is named beside the button. */
export async function passkeyOptionPages(app: App, options: PageOptions): Promise<void> {
  const { ceremonies, interactions, cookies, userOf, checkCrossSite } = options
  if (ceremonies === undefined) return

  function answers(path: string, asks: (request: Parameters<typeof userOf>[0]) => Promise<Asked | undefined>): void {
    app.post(path, { config: publicPage, schema: hidden }, async (request, reply) => {
      checkCrossSite(request)
      const asked = await asks(request)
      if (asked === undefined) throw new GatehouseError('unauthorized')
      return reply.header('cache-control', 'no-store').send(await toShow(asked))
    })
  }
  const { toShow }: Ceremonies['challenges'] = ceremonies.challenges

  answers('/login-options', async () => ({ purpose: 'sign_in' }))
  answers('/second-factor-options', async (request) => {
    const underWay = await interactions.find({ holder: 'browser', secret: cookies.interaction(request) })
    return underWay && { purpose: 'second_factor', userId: underWay.user.id, holder: underWay.interaction.id }
  })
  answers('/step-up-options', async (request) => {
    const { subject: userId, sessionId: holder } = (await userOf(request)) ?? {}
    return userId === undefined || holder === undefined ? undefined : { purpose: 'step_up', userId, holder }
  })
}
