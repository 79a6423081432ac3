import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatehouseError } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import { isPlainText } from '../../core/plain-text.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { userOf } from '../../http/guard.ts'
import { keepsTyped } from '../../http/kept-forms.ts'
import { Form, goTo, hidden, ownPage, type Sent, sentWith } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import { apiKeysPage, newApiKeyPage, newApiKeyShownPage, scopePrefix } from './key-views.ts'
import type { ApiKeyManagement } from './manage.ts'
import type { ApiKeySettings } from './settings.ts'
import type { ApiKeyTexts } from './texts.ts'

/** Where people see, make and revoke their own keys. */
export async function apiKeyPages(
  app: App,
  options: {
    apiKeys: ApiKeyManagement
    settings: ApiKeySettings
    pages: Pages<ApiKeyTexts>
    csrf: CsrfTokens
    limits: RateLimits
    clock: Clock
  },
): Promise<void> {
  const { apiKeys, settings, pages, csrf, limits, clock } = options
  const ownerOf = (request: FastifyRequest) => ({ kind: 'user', id: userOf(request).subject }) as const
  const takingAway = { ...ownPage, rateLimit: limits.takingAway }
  /** The usual time is among those to choose from, and chosen at first. */
  const days = [
    ...[...new Set([30, 90, 365, settings.days])].toSorted((a, b) => a - b),
    ...(settings.allow_unlimited ? [null] : []),
  ]

  async function showKeys(
    request: FastifyRequest,
    reply: FastifyReply,
    words: { fault?: string; notice?: string; told?: string | undefined },
  ) {
    const keys = await apiKeys.listOf(ownerOf(request))
    const csrfToken = csrf.tokenFor(request, reply)
    return pages.show(reply, apiKeysPage, { csrfToken, keys, now: new Date(clock.now()), ...words })
  }

  app.get(
    '/api-keys',
    { config: takingAway, schema: { ...hidden, querystring: Type.Partial(Type.Object({ done: Type.String() })) } },
    async (request, reply) => {
      const { revoked } = pages.textsFor(request).apiKeys
      return showKeys(request, reply, { told: request.query.done === 'revoked' ? revoked : undefined })
    },
  )

  app.post(
    '/api-keys',
    { config: takingAway, schema: { ...hidden, body: Form({ id: Type.String() }) } },
    async (request, reply) => {
      const { csrf_token, id = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showKeys(request, reply, { notice: again.notice })
      try {
        await apiKeys.revoke(id, ownerOf(request))
      } catch (error) {
        if (!(error instanceof GatehouseError) || error.code !== 'not_found') throw error
        return showKeys(request, reply.code(404), { fault: pages.textsFor(request).apiKeys.gone })
      }
      return goTo(reply, 'api-keys?done=revoked')
    },
  )

  function askForKey(
    request: FastifyRequest,
    reply: FastifyReply,
    words: Partial<Parameters<typeof newApiKeyPage>[1]>,
    permissions = userOf(request).permissions,
  ) {
    const sent = sentWith(request)
    return pages.show(reply, newApiKeyPage, {
      csrfToken: csrf.tokenFor(request, reply),
      name: sent['name'] ?? '',
      scopes: permissions.map((scope) => ({ scope, isChosen: sent[scopePrefix + scope] !== undefined })),
      ...{ days, chosen: sent['days'] ?? String(settings.days) },
      ...words,
    })
  }
  /** What was ticked. What else could be is unknown while nobody can say who asks. */
  const ticked = (sent: Sent) =>
    Object.keys(sent).flatMap((name) => (name.startsWith(scopePrefix) ? [name.slice(scopePrefix.length)] : []))

  // A key outlives the session, so whoever makes one has proven themselves a short while ago, as for the API.
  const fresh = { ...ownPage, fresh: true }
  app.get('/new-api-key', { config: fresh, schema: hidden }, async (request, reply) => askForKey(request, reply, {}))

  app.post(
    '/new-api-key',
    {
      config: fresh,
      schema: { ...hidden, body: Form({ name: Type.String(), days: Type.String() }) },
      errorHandler: keepsTyped(pages, (request, reply, sent, fault) =>
        askForKey(request, reply, { fault }, request.principal?.kind === 'user' ? undefined : ticked(sent)),
      ),
    },
    async (request, reply) => {
      const { csrf_token, name = '', days: chosen } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return askForKey(request, reply, { notice: again.notice })
      const { kit, apiKeys: texts } = pages.textsFor(request)
      if (name.trim() === '' || name.trim().length > 200 || !isPlainText(name)) {
        return askForKey(request, reply.code(422), { faults: { name: kit.nameFault }, fault: kit.markedBelow })
      }
      const { permissions, sessionId } = userOf(request)
      const sent = sentWith(request)
      const count = days.find((one) => String(one ?? 'never') === chosen)
      const endIn = (given: number) => new Date(clock.now() + given * 86_400_000).toISOString()
      const wanted = {
        name: name.trim(),
        scopes: permissions.filter((scope) => sent[scopePrefix + scope] !== undefined),
        expiresAt: typeof count === 'number' ? endIn(count) : count,
      }
      try {
        const { apiKey, key } = await apiKeys.create(ownerOf(request), permissions, wanted, {
          ...{ sessionId, language: pages.languageOf(request) },
        })
        return pages.show(reply, newApiKeyShownPage, { name: apiKey.name, key })
      } catch (error) {
        if (!(error instanceof GatehouseError) || error.code !== 'conflict') throw error
        return askForKey(request, reply.code(409), { fault: texts.fresh.tooMany })
      }
    },
  )
}
