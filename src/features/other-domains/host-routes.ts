import type { FastifyRequest } from 'fastify'
import { GatehouseError } from '../../core/errors.ts'
import { hostPaths } from '../../core/host-paths.ts'
import { keptUntil } from '../../core/records/session.ts'
import { hashSecret, randomSecret, secretForm } from '../../core/secrets.ts'
import type { Cookies } from '../../http/cookies.ts'
import { goTo, hidden, publicPage } from '../../http/page-requests.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { ReadDestination } from './destination.ts'
import type { Tickets } from './tickets.ts'

/** As long as somebody may take to sign in, and as an interaction lasts. */
const nonceSeconds = 3_600

/** On hosts that the session cookie does not reach: the way to the issuer, and the way back with what it gave along. */
export async function hostRoutes(
  app: App,
  options: { tickets: Pick<Tickets, 'redeem'>; destinationOf: ReadDestination; cookies: Cookies; issuer: string },
): Promise<void> {
  const { tickets, destinationOf, cookies, issuer } = options

  /** Of the host that is asked, as its proxy tells it. There is nothing on any other one. */
  function destination({ protocol, host }: FastifyRequest, path: string) {
    const found = destinationOf(`${protocol}://${host}${path}`)
    if (found === undefined) throw new GatehouseError('not_found')
    return found
  }
  const text = Type.Optional(Type.String())
  app.addHook('onRequest', async (_request, reply) => void reply.header('referrer-policy', 'no-referrer'))

  app.get(
    hostPaths.start,
    {
      config: publicPage,
      schema: {
        ...hidden,
        querystring: Type.Object({ return_to: text, acr_values: text, unsent: text, ui_locales: text }),
      },
    },
    async (request, reply) => {
      const { return_to: wanted = '/', ...others } = request.query
      const { origin } = destination(request, '/')
      // Only what is a path here: the way back is to where the nonce is.
      const target = wanted.startsWith('/') ? destinationOf(`${origin}${wanted}`) : undefined
      // The same one for every tab, whichever comes back first. No other host can have set it.
      const known = cookies.nonce(request)
      const nonce = known !== undefined && secretForm.test(known) ? known : randomSecret()
      cookies.setNonce(reply, nonce, nonceSeconds)
      const query = new URLSearchParams({
        return_to: `${origin}${target?.returnTo ?? '/'}`,
        nonce: hashSecret(nonce),
        ...others,
      })
      return goTo(reply, `${issuer}/ticket?${String(query)}`)
    },
  )

  app.get(
    hostPaths.finish,
    { config: publicPage, schema: { ...hidden, querystring: Type.Object({ ticket: Type.String({ maxLength: 64 }) }) } },
    async (request, reply) => {
      const { origin } = destination(request, '/')
      const redeemed = await tickets.redeem(request.query.ticket, { origin, nonce: cookies.nonce(request) })
      // To a page that has a way on. By itself a browser that keeps no cookie would go in circles.
      if (redeemed === undefined)
        return goTo(reply, `${issuer}/ticket/ended?return_to=${encodeURIComponent(`${origin}/`)}`)
      cookies.setHostSession(reply, redeemed.secret, keptUntil(redeemed.session))
      return goTo(reply, `${origin}${redeemed.returnTo}`)
    },
  )
}
