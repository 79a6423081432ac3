import type { FastifyRequest } from 'fastify'
import type { Senders } from '../../../http/senders.ts'
import type { Sender } from '../../../pages/sender.ts'
import type { Applications } from '../../forward-auth/index.ts'
import type { ReturnTo } from '../return-to.ts'

/** Who has sent somebody who goes back there; nothing where it is this service. `target`: as it was checked. */
export type SenderOf = (request: FastifyRequest, target: string) => Promise<Sender | undefined>

export function createSenderOf(dependencies: {
  issuer: string
  basePath: string
  returnTo: ReturnTo
  applications: Pick<Applications, 'titleOf'>
  referrers: Senders
}): SenderOf {
  const { issuer, basePath, returnTo, applications, referrers } = dependencies
  const own = new URL(issuer).origin

  function ofHost(target: string): Sender | undefined {
    return target.startsWith('/') ? undefined : { host: new URL(target).host, title: applications.titleOf(target) }
  }

  return async (request, target) => {
    const { origin, pathname, searchParams } = new URL(target, issuer)
    if (origin !== own || !pathname.startsWith(`${basePath}/`)) return ofHost(target)
    // People sign in also while nobody can say what a program is called.
    const told = await referrers.of(pathname.slice(basePath.length), searchParams, request).catch(() => undefined)
    if (told === undefined) return ofHost(target)
    return 'leadsTo' in told ? ofHost(returnTo(told.leadsTo)) : told
  }
}
