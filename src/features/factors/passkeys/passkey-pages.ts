import type { FastifyReply, FastifyRequest } from 'fastify'
import { newCredentialIn } from '../../../core/passkey-answers.ts'
import { isPlainText } from '../../../core/plain-text.ts'
import type { ReadDevice } from '../../../core/device.ts'
import type { CsrfTokens } from '../../../http/csrf.ts'
import { personWithSession, userOf } from '../../../http/guard.ts'
import { Form, goTo, hidden, ownPage, type Sent, sentWith } from '../../../http/page-requests.ts'
import type { Pages } from '../../../http/pages.ts'
import type { App } from '../../../http/server.ts'
import { addressWithWayBack, wayBackOf, wayOnOf } from '../../../http/ways-back.ts'
import { Type } from '../../../json-schema.ts'
import type { Messages } from '../../../pages/notices.ts'
import type { EnrollingSignIn } from '../enrol-pages.ts'
import { recoveryCodesPage } from '../factor-views.ts'
import { createAccountOf } from '../routes.ts'
import type { FactorTexts } from '../texts.ts'
import type { PasskeyOptions } from './passkey-routes.ts'
import { addPasskeyPage, removePasskeyPage, renamePasskeyPage } from './passkey-views.ts'
import { suggestedName } from './suggested-name.ts'

/** Where people add, rename and remove their own passkeys. */
export async function passkeyPages(
  app: App,
  options: PasskeyOptions & {
    signIn: Pick<EnrollingSignIn, 'takeOver'>
    pages: Pages<FactorTexts>
    csrf: CsrfTokens
    readDevice: ReadDevice
  },
): Promise<void> {
  const { management, passkeys, ceremonies, limits, pages, csrf } = options
  const accountOf = createAccountOf(options.users)
  const fresh = { ...ownPage, fresh: true } as const

  if (ceremonies !== undefined) {
    const showAdd = (request: FastifyRequest, reply: FastifyReply, words: Messages & { nameFault?: string }) => {
      const name = sentWith(request)['name'] ?? suggestedName(request.headers['user-agent'], options.readDevice)
      const shown = { csrfToken: csrf.tokenFor(request, reply), name, returnTo: wayBackOf(request) }
      return pages.show(reply, addPasskeyPage, { ...shown, ...words })
    }
    const config = { ...fresh, address: addressWithWayBack }
    app.get('/add-passkey', { config, schema: hidden }, async (request, reply) => showAdd(request, reply, {}))
    app.post('/add-passkey-options', { config: fresh, schema: hidden }, async (request, reply) => {
      const { sessionId } = personWithSession(request)
      const made = await ceremonies.challenges.toMake(await accountOf(request), sessionId)
      return reply.header('cache-control', 'no-store').send(made)
    })
    app.post(
      '/add-passkey',
      {
        config: { ...config, rateLimit: limits.secretTests },
        schema: { ...hidden, body: Form({ name: Type.String(), credential: Type.String() }) },
      },
      async (request, reply) => {
        const { csrf_token, name = '', credential: text = '' } = request.body
        const again = pages.mustAskAgain(request, reply, csrf_token)
        if (again !== undefined) return showAdd(request, reply, { notice: again.notice })
        const { kit, factors } = pages.textsFor(request)
        if (!isName(name)) {
          return showAdd(request, reply.code(422), { nameFault: kit.nameFault, fault: kit.markedBelow })
        }
        const credential = newCredentialIn(text)
        const { failed, refused, tooMany } = factors.addPasskeyPage
        if (credential === undefined) return showAdd(request, reply.code(422), { fault: failed })
        const person = personWithSession(request)
        const how = { by: person.sessionId, language: pages.languageOf(request), isFirst: person.reachable === 'aal1' }
        const outcome = await ceremonies.add(await accountOf(request), { name: name.trim(), credential }, how)
        if (outcome.kind !== 'added') {
          const [status, fault] = outcome.kind === 'too_many' ? ([409, tooMany] as const) : ([422, refused] as const)
          return showAdd(request, reply.code(status), { fault })
        }
        const raised = await options.inSession.raise(person, outcome.methods)
        if (raised !== undefined) await options.signIn.takeOver(request, reply, raised)
        const { recoveryCodes: codes } = outcome
        if (codes === undefined) return goTo(reply, wayOnOf(request, 'factors?done=passkey-added'))
        const to = wayOnOf(request, 'factors')
        return pages.show(reply, recoveryCodesPage, { codes, done: factors.passkeys.done.added, to })
      },
    )
  }

  const address = ({ id }: Sent) => ({ id })
  const ofOne = { ...hidden, querystring: Type.Partial(Type.Object({ id: Type.String() })) }
  /** The passkey that a page is about, as its person calls it; nothing when it is not there any more. */
  const chosen = async (request: FastifyRequest) =>
    (await passkeys.listOf(userOf(request).subject)).find(({ id }) => id === sentWith(request)['id'])

  async function showRename(request: FastifyRequest, reply: FastifyReply, words: Messages & { nameFault?: string }) {
    const passkey = await chosen(request)
    if (passkey === undefined) return goTo(reply, 'factors')
    const shown = {
      csrfToken: csrf.tokenFor(request, reply),
      id: passkey.id,
      name: sentWith(request)['name'] ?? passkey.name,
    }
    return pages.show(reply, renamePasskeyPage, { ...shown, ...words })
  }
  app.get('/rename-passkey', { config: { ...ownPage, address }, schema: ofOne }, async (request, reply) =>
    showRename(request, reply, {}),
  )
  app.post(
    '/rename-passkey',
    { config: { ...ownPage, address }, schema: { ...hidden, body: Form({ id: Type.String(), name: Type.String() }) } },
    async (request, reply) => {
      const { csrf_token, id = '', name = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showRename(request, reply, { notice: again.notice })
      const { kit } = pages.textsFor(request)
      if (!isName(name)) {
        return showRename(request, reply.code(422), { nameFault: kit.nameFault, fault: kit.markedBelow })
      }
      const isRenamed = await passkeys.rename(userOf(request).subject, id, name.trim())
      return goTo(reply, isRenamed ? 'factors?done=passkey-renamed' : 'factors')
    },
  )

  async function showRemove(request: FastifyRequest, reply: FastifyReply, words: Messages) {
    const passkey = await chosen(request)
    if (passkey === undefined) return goTo(reply, 'factors')
    const { factors } = await management.of(userOf(request).subject)
    const shown = { csrfToken: csrf.tokenFor(request, reply), id: passkey.id, name: passkey.name }
    return pages.show(reply, removePasskeyPage, { ...shown, isLast: factors.length === 1, ...words })
  }
  app.get('/remove-passkey', { config: { ...fresh, address }, schema: ofOne }, async (request, reply) =>
    showRemove(request, reply, {}),
  )
  app.post(
    '/remove-passkey',
    {
      config: { ...fresh, address, rateLimit: limits.takingAway },
      schema: { ...hidden, body: Form({ id: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, id = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showRemove(request, reply, { notice: again.notice })
      const isRemoved = await passkeys.remove(await accountOf(request), id, pages.languageOf(request))
      return goTo(reply, isRemoved ? 'factors?done=passkey-removed' : 'factors')
    },
  )
}

const isName = (name: string) => name.trim() !== '' && name.trim().length <= 200 && isPlainText(name)
