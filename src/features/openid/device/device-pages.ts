import type { FastifyReply, FastifyRequest } from 'fastify'
import { limitKey } from '../../../core/network.ts'
import { withParameters } from '../../../core/redirect-uris.ts'
import { hashSecret, type SecretBox } from '../../../core/secrets.ts'
import type { BrowserGuards } from '../../../http/browser-guards.ts'
import { personWithSession, userOf } from '../../../http/guard.ts'
import { keepsTyped } from '../../../http/kept-forms.ts'
import { Form, goTo, hidden, ownPage } from '../../../http/page-requests.ts'
import type { Pages } from '../../../http/pages.ts'
import type { Senders } from '../../../http/senders.ts'
import type { App } from '../../../http/server.ts'
import { Type } from '../../../json-schema.ts'
import type { Messages } from '../../../pages/notices.ts'
import type { OpenIdTexts } from '../texts.ts'
import type { DeviceDecisions } from './decide.ts'
import { deviceCodePage, deviceDecidedPage, letInDevicePage } from './device-views.ts'
import type { WantedProof } from '../wanted-proof.ts'
import { readUserCode, showUserCode } from './user-code.ts'

const devicePath = '/device'
const decisionPath = '/let-in-device'

/**
 * Where a person enters the code that a device shows, and lets it in. Both are for whoever is signed in, so that tries count for
 * somebody. What was entered is remembered in the address of the second page, sealed for the person and for the browser: nobody can
 * be led there who has not entered the code themselves.
 */
export async function devicePages(
  app: App,
  options: BrowserGuards & {
    decisions: DeviceDecisions
    pages: Pages<OpenIdTexts>
    box: SecretBox
    referrers: Senders
    basePath: string
  },
): Promise<void> {
  const { decisions, pages, cookies, csrf, limits, box, basePath } = options

  interface Entered {
    id: string
    subject: string
    code: string
  }

  /** What only this browser has: the cookie by which its forms are known. */
  function browserOf(request: FastifyRequest): string | undefined {
    const cookie = cookies.csrf(request)
    return cookie && hashSecret(cookie)
  }

  /** What this browser has entered, whoever looks at it now. */
  function openEntered(request: FastifyRequest, sealed: unknown): Entered | undefined {
    const browser = browserOf(request)
    if (typeof sealed !== 'string' || browser === undefined) return undefined
    try {
      return JSON.parse(box.open(sealed, browser)) as Entered
    } catch {
      return undefined
    }
  }

  function enteredIn(request: FastifyRequest): Entered | undefined {
    const entered = openEntered(request, (request.query as { request?: unknown }).request)
    return entered?.subject === userOf(request).subject ? entered : undefined
  }

  // Before a code was entered nothing is told: by the name of a program a guess would be known to be right.
  options.referrers.tell(decisionPath, async (asked, request) => {
    const entered = openEntered(request, asked.get('request'))
    const waiting = entered && (await decisions.find(entered.id))
    return waiting && { title: waiting.client.name }
  })

  function showForm(request: FastifyRequest, reply: FastifyReply, words: Messages, typed?: string) {
    const { user_code } = request.query as { user_code?: string }
    const offered = readUserCode(user_code ?? '')
    return pages.show(reply, deviceCodePage, {
      csrfToken: csrf.tokenFor(request, reply),
      // Whoever has followed a link compares the code; typing it is a comparison too.
      offered: typed === undefined && offered !== undefined ? showUserCode(offered) : undefined,
      ...{ typed, ...words },
    })
  }

  const Entry = Type.Partial(Type.Object({ user_code: Type.String(), done: Type.String() }))
  const entry = { ...ownPage, address: ({ user_code }: { user_code?: string }) => ({ user_code }) }

  app.get(devicePath, { config: entry, schema: { ...hidden, querystring: Entry } }, async (request, reply) => {
    const { done } = request.query
    if (done === 'allowed' || done === 'denied') return pages.show(reply, deviceDecidedPage, { decision: done })
    const { over } = pages.textsFor(request).openid.device
    return showForm(request, reply, { notice: done === 'over' ? over : undefined })
  })

  app.post(
    devicePath,
    {
      config: { ...entry, rateLimit: limits.secretTests },
      schema: { ...hidden, querystring: Entry, body: Form({ user_code: Type.String() }) },
      errorHandler: keepsTyped(pages, (request, reply, { user_code }, fault) =>
        showForm(request, reply, { fault }, user_code),
      ),
    },
    async (request, reply) => {
      const { csrf_token, user_code = '' } = request.body
      const typed = user_code.slice(0, 64)
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showForm(request, reply, { notice: again.notice }, typed)
      const texts = pages.textsFor(request)
      const browser = browserOf(request)
      if (browser === undefined) {
        return showForm(request, reply.code(403), { notice: texts.kit.unprovenForm }, typed)
      }
      const { subject } = userOf(request)
      const outcome = await decisions.enter({ subject }, typed, request.ip)
      if (outcome.kind === 'too_many_tries') {
        reply.code(429).header('retry-after', outcome.retryAfterSeconds)
        return showForm(request, reply, { fault: texts.openid.device.tooManyTries }, typed)
      }
      if (outcome.kind === 'unknown') {
        return showForm(request, reply.code(422), { fault: texts.openid.device.unknown }, typed)
      }
      const entered: Entered = { id: outcome.device.id, subject, code: outcome.code }
      return goTo(reply, `let-in-device?request=${box.seal(JSON.stringify(entered), browser)}`)
    },
  )

  const decision = {
    config: { ...ownPage, fresh: true, address: ({ request }: { request?: string }) => ({ request }) },
    schema: { ...hidden, querystring: Type.Partial(Type.Object({ request: Type.String(), unsent: Type.String() })) },
  }

  /** Leads to where the person proves what the program wants, and back here. */
  function prove(request: FastifyRequest, reply: FastifyReply, { level, maxAge }: WantedProof) {
    const { request: sealed } = request.query as { request: string }
    const parameters = {
      return_to: withParameters(`${basePath}${decisionPath}`, { request: sealed }),
      acr_values: level,
      max_age: maxAge === undefined ? undefined : String(maxAge),
      continue: 'yes',
    }
    return goTo(reply, withParameters('login', parameters))
  }

  async function showDecision(request: FastifyRequest, reply: FastifyReply, words: Messages) {
    const entered = enteredIn(request)
    const waiting = entered && (await decisions.find(entered.id))
    if (entered === undefined || waiting === undefined) return goTo(reply, 'device?done=over')
    const wanted = decisions.wantedProof(personWithSession(request), waiting)
    if (wanted !== undefined) return prove(request, reply, wanted)
    const { device, client } = waiting
    return pages.show(reply, letInDevicePage, {
      ...{ csrfToken: csrf.tokenFor(request, reply), request: (request.query as { request: string }).request },
      ...{ code: showUserCode(entered.code), program: client.name, scopes: device.scopes },
      ...{ askedAt: device.createdAt, ip: device.ip, email: userOf(request).email },
      ownIp: limitKey(device.ip) === limitKey(request.ip) ? undefined : request.ip,
      ...words,
    })
  }

  app.get(decisionPath, decision, async (request, reply) => showDecision(request, reply, {}))

  app.post(
    decisionPath,
    { config: decision.config, schema: { ...decision.schema, body: Form({ answer: Type.String() }) } },
    async (request, reply) => {
      const { csrf_token, answer } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showDecision(request, reply, { notice: again.notice })
      if (answer !== 'allow' && answer !== 'deny') return showDecision(request, reply, {})
      const entered = enteredIn(request)
      const waiting = entered && (await decisions.find(entered.id))
      if (waiting === undefined) return goTo(reply, 'device?done=over')
      const person = personWithSession(request)
      const decided =
        answer === 'deny'
          ? await decisions.deny(person, waiting)
          : await decisions.approve(person, waiting, pages.languageOf(request))
      // Shown again, the page leads to the proof.
      if (decided === 'unproven') return showDecision(request, reply, {})
      if (decided === 'approved') return goTo(reply, 'device?done=allowed')
      return goTo(reply, decided === 'denied' ? 'device?done=denied' : 'device?done=over')
    },
  )
}
