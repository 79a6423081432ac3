import type { FastifyReply, FastifyRequest } from 'fastify'
import { canonicalEmail } from '../core/email.ts'
import type { SecretBox } from '../core/secrets.ts'
import { withWayBack } from '../pages/way-back.ts'
import type { Cookies } from './cookies.ts'
import { type Sent, sentWith } from './page-requests.ts'

/** As long as the links in mails work by which somebody comes back; those of invitations are none that they have asked for. */
const keptSeconds = 86_400
/** What a cookie holds of which browsers take 4,096 bytes, once it is sealed. */
const maxLength = 2_900

/**
 * Where somebody goes on who leaves the browser for a mail in between. It stands in a cookie of the browser that has asked for the mail,
 * and not in the link: whoever opens that in another browser is led nowhere by somebody else's choice. It is good for the address
 * that the mail went to alone. Nobody is led there from here: the page for signing in takes it, and checks it as it does what stands in
 * its address. What no cookie holds is not kept.
 */
export interface WaysBack {
  /** Keeps the way back of a form by which somebody has asked for a mail to an address. */
  keep(request: FastifyRequest, reply: FastifyReply, email: string): void
  /** The way back of somebody who has done what a mail to their address was for. It is used up. */
  take(request: FastifyRequest, reply: FastifyReply, email: string): string | undefined
}

export function createWaysBack({
  cookies,
  box,
}: {
  cookies: Pick<Cookies, 'wayBack' | 'setWayBack' | 'clearWayBack'>
  box: SecretBox
}): WaysBack {
  return {
    keep(request, reply, email) {
      const wanted = wayBackOf(request)
      if (wanted === undefined || Buffer.byteLength(wanted) > maxLength) return
      cookies.setWayBack(reply, box.seal(wanted, canonicalEmail(email)), keptSeconds)
    },
    take(request, reply, email) {
      const sealed = cookies.wayBack(request)
      if (sealed === undefined) return undefined
      try {
        const wanted = box.open(sealed, canonicalEmail(email))
        cookies.clearWayBack(reply)
        return wanted
      } catch {
        // It is another address's, or none of ours.
        return undefined
      }
    },
  }
}

/** Where somebody wants to go on, as it was sent: nobody has checked it. */
export function wayBackOf(request: FastifyRequest): string | undefined {
  return sentWith(request)['return_to'] || undefined
}

/** Where somebody goes on who is signed in and has done what they were sent to do: by the page for signing in, which knows whether they may. */
export function wayOnOf(request: FastifyRequest, otherwise: string): string {
  const wanted = wayBackOf(request)
  return wanted === undefined ? otherwise : `${withWayBack('login', wanted)}&continue=yes`
}

/** What the address of a page holds that takes a way back along. */
export const addressWithWayBack = ({ return_to }: Sent): Sent => ({ return_to: return_to || undefined })
