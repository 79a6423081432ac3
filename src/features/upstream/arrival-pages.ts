import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import { readEmail } from '../../core/email.ts'
import { isUuid } from '../../core/ids.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { IdentityStore } from '../../core/records/identity.ts'
import type { UserStore } from '../../core/records/user.ts'
import { hashSecret } from '../../core/secrets.ts'
import { Form, goTo, hidden, publicPage, type Sent } from '../../http/page-requests.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Messages } from '../../pages/notices.ts'
import type { Arrivals, Arrived } from './arrivals.ts'
import type { LinkIdentity } from './link-identity.ts'
import type { ProviderPageOptions } from './provider-pages.ts'
import { arrivalPage, confirmAddressPage } from './provider-views.ts'

/** Where somebody whom a provider has proven says whose account it is, or shows that an address is theirs. */
export async function arrivalPages(
  app: App,
  options: ProviderPageOptions & {
    arrivals: Arrivals
    linkIdentity: LinkIdentity
    identities: Pick<IdentityStore, 'find'>
    users: Pick<UserStore, 'findById' | 'findByLogin'>
    clock: Clock
    /** How old the proof of somebody may be who links an account. */
    freshSeconds: number
  },
): Promise<void> {
  const { signIn, arrivals, linkIdentity, identities, users, toProblem, pages, cookies, csrf, limits, basePath } =
    options
  const asked = { ...publicPage, rateLimit: limits.secretTests }

  const browserOf = (request: FastifyRequest) => hashSecret(cookies.provider(request) ?? '')
  const addressOf = (id: string) => `${basePath}/provider-account?arrival=${id}`

  const arrivalOf = async (request: FastifyRequest, id: string | undefined) =>
    id !== undefined && isUuid(id) ? arrivals.find({ id, browserHash: browserOf(request) }) : undefined
  const gone = (reply: FastifyReply) => toProblem(reply, 'unknown_trip', { provider: '' })

  async function show(
    [request, reply]: [FastifyRequest, FastifyReply],
    arrived: Arrived,
    page: Messages & { typed?: string; isTaken?: boolean; mailedTo?: string } = {},
  ): Promise<FastifyReply> {
    const { id, known, account } = arrived
    const { email, emailVerified, label } = account
    const isOwned = emailVerified && email !== undefined
    const person = await signIn.userOf(request)
    return pages.show(reply, arrivalPage, {
      ...{ csrfToken: csrf.tokenFor(request, reply), arrival: id, provider: known.provider.title, account: label },
      ...{ email: isOwned ? email : undefined, typed: email, mailedTo: arrived.mailedTo, person },
      // Whoever the provider says owns the mailbox may learn that there is an account of it.
      isTaken: isOwned && (await users.findByLogin(email)) !== undefined,
      signIn: `${basePath}/login?return_to=${encodeURIComponent(addressOf(id))}`,
      ...page,
    })
  }

  /** Signs in whose account was just made, or leads them to where they do. */
  async function enter(
    [request, reply]: [FastifyRequest, FastifyReply],
    { known, proofs, wishes, isRecent }: Arrived,
    userId: string,
  ): Promise<FastifyReply> {
    const { returnTo } = wishes
    const about = { provider: known.provider.name, returnTo }
    const user = isRecent ? await users.findById(userId) : undefined
    if (user === undefined) return toProblem(reply, 'account_made', about)
    const target = await signIn.goOn(request, reply, { user, proofs, wishes })
    return target === undefined ? toProblem(reply, 'account_changed', about) : goTo(reply, target)
  }

  app.get(
    '/provider-account',
    {
      config: { ...asked, address: ({ arrival }: Sent) => ({ arrival }) },
      schema: { ...hidden, querystring: Type.Partial(Type.Object({ arrival: Type.String() })) },
    },
    async (request, reply) => {
      const arrived = await arrivalOf(request, request.query.arrival)
      if (arrived === undefined) return gone(reply)
      const { issuer, subject } = arrived.account
      const user = (await identities.find(issuer, subject))?.user
      if (user?.status === 'deleting') return signIn.keepAccount(request, reply, user)
      return user === undefined ? show([request, reply], arrived) : gone(reply)
    },
  )

  app.post(
    '/provider-account',
    {
      config: { ...asked, address: ({ arrival }: Sent) => ({ arrival }) },
      schema: { ...hidden, body: Form({ arrival: Type.String(), act: Type.String(), email: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, arrival, act, email = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const arrived = await arrivalOf(request, arrival)
      if (arrived === undefined) return gone(reply)
      if (again !== undefined) return show([request, reply], arrived, { notice: again.notice })
      if (act === 'link') return link([request, reply], arrived)
      // An account that nobody may make here is one that waits for its person to keep it.
      if (arrived.known.provider.first_sign_in === 'refuse') {
        return toProblem(reply, 'no_account', { provider: arrived.known.provider.name })
      }
      return act === 'mail' ? mail([request, reply], arrived, email) : create([request, reply], arrived)
    },
  )

  async function create(exchange: [FastifyRequest, FastifyReply], arrived: Arrived): Promise<FastifyReply> {
    const [request, reply] = exchange
    const { email, emailVerified } = arrived.account
    const made = email !== undefined && emailVerified ? await arrivals.create(arrived, email) : undefined
    if (made === undefined) return show([request, reply.code(409)], arrived)
    const isOwn = await arrivals.consume({ id: arrived.id, browserHash: browserOf(request) })
    return isOwn ? enter(exchange, arrived, made) : gone(reply)
  }

  async function mail(
    [request, reply]: [FastifyRequest, FastifyReply],
    arrived: Arrived,
    typed: string,
  ): Promise<FastifyReply> {
    const { upstream, kit } = pages.textsFor(request)
    const read = readEmail(typed)
    if ('fault' in read) return show([request, reply.code(422)], arrived, { fault: kit.emailFaults[read.fault], typed })
    const to = { email: read.email, ip: request.ip, language: pages.languageOf(request) }
    const outcome = await arrivals.mailLink(arrived, browserOf(request), to)
    if (outcome === 'gone') return gone(reply)
    const { addressNotAllowed, tooMany } = upstream.arrival
    if (outcome === 'domain') return show([request, reply.code(422)], arrived, { fault: addressNotAllowed, typed })
    if (outcome === 'too_many') return show([request, reply.code(429)], arrived, { fault: tooMany, typed })
    return show([request, reply], arrived, { mailedTo: read.email, typed: read.email })
  }

  const isFresh = ({ authenticatedAt, level, reachable }: UserPrincipal) =>
    Math.floor(options.clock.now() / 1000) - authenticatedAt <= options.freshSeconds && level === reachable

  /** Whoever links an account has proven both: one at the provider, the other here, a short while ago. */
  async function link([request, reply]: [FastifyRequest, FastifyReply], arrived: Arrived): Promise<FastifyReply> {
    const { id, known, wishes } = arrived
    const person = await signIn.userOf(request)
    if (person?.sessionId === undefined) return signIn.toSignIn(reply, addressOf(id))
    if (!isFresh(person)) return goTo(reply, `step-up?return_to=${encodeURIComponent(addressOf(id))}`)
    const user = await users.findById(person.subject)
    const about = { provider: known.provider.name, returnTo: wishes.returnTo }
    const outcome = user === undefined ? 'account_changed' : await linkIdentity(user, arrived, 'by_person')
    if (outcome !== 'linked') return toProblem(reply, outcome, about)
    await arrivals.consume({ id, browserHash: browserOf(request) })
    return goTo(reply, signIn.returnTo(wishes.returnTo ?? undefined))
  }

  const tokenKey = (request: FastifyRequest, token: string) => ({
    tokenHash: hashSecret(token),
    browserHash: browserOf(request),
  })
  const showConfirm = (
    [request, reply]: [FastifyRequest, FastifyReply],
    { known, account, mailedTo }: Arrived,
    token: string,
    words: Messages = {},
  ) =>
    pages.show(reply, confirmAddressPage, {
      ...{ csrfToken: csrf.tokenFor(request, reply), token, email: mailedTo ?? '' },
      ...{ provider: `${known.provider.title} (${account.label})`, ...words },
    })

  app.get(
    '/confirm-provider',
    {
      config: { ...asked, address: ({ token }: Sent) => ({ token }) },
      schema: { ...hidden, querystring: Type.Partial(Type.Object({ token: Type.String() })) },
    },
    async (request, reply) => {
      const { token = '' } = request.query
      const arrived = await arrivals.find(tokenKey(request, token))
      if (arrived === undefined) return toProblem(reply, 'other_browser', { provider: '' })
      return showConfirm([request, reply], arrived, token)
    },
  )

  app.post(
    '/confirm-provider',
    {
      config: { ...asked, address: ({ token }: Sent) => ({ token }) },
      schema: { ...hidden, body: Form({ token: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, token = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const key = tokenKey(request, token)
      const arrived = await arrivals.find(key)
      if (arrived?.mailedTo == null) return toProblem(reply, 'other_browser', { provider: '' })
      if (again !== undefined) return showConfirm([request, reply], arrived, token, { notice: again.notice })
      const made = await arrivals.create(arrived, arrived.mailedTo)
      if (made === undefined) return toProblem(reply, 'taken', { provider: arrived.known.provider.name })
      return (await arrivals.consume(key)) ? enter([request, reply], arrived, made) : gone(reply)
    },
  )
}
