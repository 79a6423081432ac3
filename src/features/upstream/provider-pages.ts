import { readEmail } from '../../core/email.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import type { Wishes } from '../../core/records/interaction.ts'
import type { Cookies } from '../../http/cookies.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { Form, goTo, hidden, publicPage, type Sent } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { ComeBack } from './http/come-back.ts'
import type { LeadToProblem, LeadToProvider } from './http/lead-to-provider.ts'
import type { SignInElsewhere } from './http/sign-in-elsewhere.ts'
import { type ProviderProblem, providerProblemPage } from './provider-views.ts'
import type { UpstreamTexts } from './texts.ts'
import type { Known } from './trips.ts'

export interface ProviderPageOptions {
  signIn: SignInElsewhere
  knownOf(name: string): Known | undefined
  leadTo: LeadToProvider
  toProblem: LeadToProblem
  comeBack: ComeBack
  pages: Pages<UpstreamTexts>
  cookies: Cookies
  csrf: CsrfTokens
  limits: RateLimits
  basePath: string
}

/** The status of each problem: whether the fault is a provider's, or lies in what was sent. */
const statuses: Partial<Record<ProviderProblem, number>> = {
  ...{ unreachable: 503, unknown_key: 503, misconfigured: 503, not_trusted: 502 },
  ...{ not_allowed: 403, level: 403, age: 403, no_account: 403, user_disabled: 403, denied: 403, not_verified: 403 },
  ...{ taken: 409, account_changed: 409, account_made: 200 },
}

/** The way to a provider, the address that it leads back to, and what is said when that goes wrong. */
export async function providerPages(app: App, options: ProviderPageOptions): Promise<void> {
  const { signIn, knownOf, leadTo, comeBack, pages, limits, basePath } = options
  const asked = { ...publicPage, rateLimit: limits.secretTests }

  const wishesOf = (sent: Sent): Wishes => ({
    ...{ remember: sent['remember'] !== undefined, returnTo: signIn.returnTo(sent['return_to']) },
    ...{ clientId: firstPartyClientId, tokensInBody: false, level: sent['acr_values'] === 'aal2' ? 'aal2' : null },
  })
  const ways = { provider: Type.String(), remember: Type.String(), email: Type.String(), acr_values: Type.String() }

  app.post(
    '/login-with',
    { config: asked, schema: { ...hidden, body: Form({ ...ways, password: Type.String() }) } },
    async (request, reply) => {
      const { csrf_token, provider = '', email = '', return_to } = request.body
      if (pages.mustAskAgain(request, reply, csrf_token) !== undefined) {
        return goTo(reply, `login?return_to=${encodeURIComponent(signIn.returnTo(return_to))}&unsent=yes`)
      }
      const read = readEmail(email)
      const loginHint = 'email' in read ? read.email : undefined
      const trip = { purpose: 'sign_in', sessionId: null, wishes: wishesOf(request.body), loginHint } as const
      return leadTo(request, reply, { provider, ...trip })
    },
  )

  app.post(
    '/step-up-with',
    { config: asked, schema: { ...hidden, body: Form({ provider: Type.String() }) } },
    async (request, reply) => {
      const { csrf_token, provider = '', return_to } = request.body
      const target = signIn.returnTo(return_to)
      if (pages.mustAskAgain(request, reply, csrf_token) !== undefined) {
        return goTo(reply, `step-up?return_to=${encodeURIComponent(target)}`)
      }
      const user = await signIn.userOf(request)
      if (user?.sessionId === undefined) return signIn.toSignIn(reply, target)
      const trip = { purpose: 'step_up', sessionId: user.sessionId, wishes: wishesOf(request.body) } as const
      return leadTo(request, reply, { provider, ...trip })
    },
  )

  // What a provider leads back to lies deeper than pages do, and so shows none itself.
  const callback = '/api/federation/:provider/callback'
  const params = Type.Object({ provider: Type.String({ maxLength: 64 }) })
  app.get(callback, { config: asked, schema: { ...hidden, params } }, async (request, reply) =>
    comeBack(request, reply, request.params.provider, new URL(request.url, 'http://here.invalid').searchParams),
  )
  // A form that another site sends brings no cookie of ours (`response_mode=form_post`, as Apple has it): the browser comes once more.
  const Posted = Form({ code: Type.String(), state: Type.String(), iss: Type.String(), error: Type.String() })
  app.post(callback, { config: asked, schema: { ...hidden, params, body: Posted } }, async (request, reply) => {
    const { code, state, iss, error } = request.body
    const given = Object.entries({ code, state, iss, error }).filter(
      (one): one is [string, string] => one[1] !== undefined,
    )
    if (given.some(([, value]) => value.length > longestPart)) {
      return options.toProblem(reply, 'unknown_trip', { provider: request.params.provider })
    }
    const path = `${basePath}/api/federation/${encodeURIComponent(request.params.provider)}/callback`
    return goTo(reply, `${path}?${new URLSearchParams(given).toString()}`)
  })

  const Told = Type.Partial(Type.Object({ problem: Type.String(), provider: Type.String(), return_to: Type.String() }))
  app.get(
    '/provider-problem',
    {
      config: {
        ...publicPage,
        rateLimit: limits.takingAway,
        address: ({ problem, provider, return_to }: Sent) => ({
          ...{ problem, provider: provider && knownOf(provider)?.provider.name },
          return_to: return_to && signIn.returnTo(return_to),
        }),
      },
      schema: { ...hidden, querystring: Told },
    },
    async (request, reply) => {
      const { provider = '', return_to } = request.query
      const { problems } = pages.textsFor(request).upstream
      const { problem: named = '' } = request.query
      const isKnown = (name: string): name is ProviderProblem =>
        Object.hasOwn(problems, name) && name !== 'title' && name !== 'toSignIn'
      const problem = isKnown(named) ? named : 'unknown_trip'
      const to = `${basePath}/login?return_to=${encodeURIComponent(signIn.returnTo(return_to))}`
      const title = knownOf(provider)?.provider.title ?? ''
      return pages.show(reply.code(statuses[problem] ?? 400), providerProblemPage, { problem, provider: title, to })
    },
  )
}

const longestPart = 4_096
