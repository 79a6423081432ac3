import { GatehouseError } from '../../../core/errors.ts'
import { invalidPasskey, noPasskeys } from '../../../core/passkey-answers.ts'
import { personWithSession, userOf } from '../../../http/guard.ts'
import { IdInPath, Name, NoContent, problems, strict } from '../../../http/schema.ts'
import type { App } from '../../../http/server.ts'
import { NewCredential } from '../../../http/webauthn-schema.ts'
import { Type } from '../../../json-schema.ts'
import { createAccountOf, type FactorOptions } from '../routes.ts'
import type { Ceremonies } from './ceremonies.ts'
import type { PasskeyManagement } from './manage-passkeys.ts'
import { AddedPasskey, showPasskey } from './passkey-schema.ts'

export interface PasskeyOptions extends FactorOptions {
  passkeys: PasskeyManagement
  ceremonies: Ceremonies | undefined
}

/** The signed-in person's own passkeys. */
export async function passkeyRoutes(app: App, options: PasskeyOptions): Promise<void> {
  const { passkeys, ceremonies, limits, languageOf } = options
  const accountOf = createAccountOf(options.users)
  const security = [{ bearer: [] }, { session: [] }]
  const tags = ['Passkeys']
  const fresh = { access: 'user', fresh: true } as const

  app.get(
    '/api/users/me/passkeys',
    {
      config: { access: 'user' },
      schema: {
        operationId: 'listPasskeys',
        summary: 'Your passkeys',
        tags,
        security,
        response: {
          200: Type.Array(Type.Ref('Passkey'), { description: 'The one that was added first comes first.' }),
        },
      },
    },
    async (request, reply) => {
      const list = await passkeys.listOf(userOf(request).subject)
      return reply.header('cache-control', 'no-store').send(list.map(showPasskey))
    },
  )

  app.post(
    '/api/users/me/passkeys/options',
    {
      config: fresh,
      schema: {
        operationId: 'beginPasskey',
        summary: 'Begin to add a passkey',
        description: 'What it answers is for this session.',
        tags,
        security,
        response: { 200: Type.Ref('PasskeyCreationOptions'), ...problems('not_found') },
      },
    },
    async (request, reply) => {
      if (ceremonies === undefined) throw noPasskeys()
      const { sessionId } = personWithSession(request)
      const made = await ceremonies.challenges.toMake(await accountOf(request), sessionId)
      return reply.header('cache-control', 'no-store').send(made)
    },
  )

  app.post(
    '/api/users/me/passkeys',
    {
      config: { ...fresh, rateLimit: limits.secretTests },
      schema: {
        operationId: 'addPasskey',
        summary: 'Add a passkey',
        description:
          'It signs you in from now on, and counts as a second factor. The session stays at its level: `POST /api/auth/step-up` with ' +
          'the passkey lifts it to `aal2`. Remembered devices are asked again. You are told by mail.',
        tags,
        security,
        body: Type.Object({ name: Name, credential: NewCredential }, strict),
        response: { 201: AddedPasskey, ...problems('invalid_passkey', 'not_found', 'conflict') },
      },
    },
    async (request, reply) => {
      if (ceremonies === undefined) throw noPasskeys()
      const { sessionId: by, reachable } = personWithSession(request)
      const how = { by, language: languageOf(request), isFirst: reachable === 'aal1' }
      const outcome = await ceremonies.add(await accountOf(request), request.body, how)
      if (outcome.kind === 'wrong') throw invalidPasskey(outcome.fault)
      if (outcome.kind === 'too_many')
        throw new GatehouseError('conflict', { detail: 'You have as many as you can have.' })
      if (outcome.kind === 'refused') throw new GatehouseError('conflict', { detail: 'This passkey is known already.' })
      const { passkey, recoveryCodes } = outcome
      const shown = { ...showPasskey(passkey), ...(recoveryCodes && { recovery_codes: recoveryCodes }) }
      return reply.code(201).header('cache-control', 'no-store').send(shown)
    },
  )

  app.patch(
    '/api/users/me/passkeys/:id',
    {
      config: { access: 'user' },
      schema: {
        operationId: 'renamePasskey',
        summary: 'Give a passkey another name',
        tags,
        security,
        params: Type.Object({ id: IdInPath }),
        body: Type.Object({ name: Name }, strict),
        response: { 204: NoContent, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      const isRenamed = await passkeys.rename(userOf(request).subject, request.params.id, request.body.name)
      if (!isRenamed) throw new GatehouseError('not_found')
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/api/users/me/passkeys/:id',
    {
      config: { ...fresh, rateLimit: limits.takingAway },
      schema: {
        operationId: 'removePasskey',
        summary: 'Remove a passkey',
        description:
          'The recovery codes go with the last factor, and remembered devices are asked again. You are told by mail.',
        tags,
        security,
        params: Type.Object({ id: IdInPath }),
        response: { 204: NoContent, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      const isRemoved = await passkeys.remove(await accountOf(request), request.params.id, languageOf(request))
      if (!isRemoved) throw new GatehouseError('not_found')
      return reply.code(204).send(null)
    },
  )
}
