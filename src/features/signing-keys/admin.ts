import { type Static, Type } from '../../json-schema.ts'
import { GatehouseError } from '../../core/errors.ts'
import { type SigningKey, signingAlgorithms } from '../../core/records/signing-key.ts'
import { administers } from '../../http/admin-schema.ts'
import { PageOf } from '../../http/lists.ts'
import { Instant, problems, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { KeyAdministration } from './rotate-keys.ts'
import type { KeyStatus } from './schedule.ts'

const Time = Type.Union([Instant, Type.Null()])
const Shown = Type.Object({
  kid: Type.String(),
  alg: Type.Enum(signingAlgorithms),
  status: Type.Enum(['next', 'active', 'retiring', 'retired']),
  created_at: Instant,
  activates_at: Instant,
  retires_at: Time,
  compromised_at: Time,
})
/** A signing key as administrators see it: nothing of it is secret. */
export type ShownKey = Static<typeof Shown>

const exampleKey = {
  kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  alg: 'ES256',
  status: 'active',
  created_at: '2026-11-20T08:00:00.000Z',
  activates_at: '2026-11-20T08:00:00.000Z',
  retires_at: '2026-12-20T08:00:00.000Z',
  compromised_at: null,
}
const Rotated = Type.Object(
  {
    takes_effect_at: Instant,
    notice: Type.String({ description: 'What that means, and what is left to do.' }),
    ended_api_keys: Type.Optional(Type.Integer({ description: 'With `compromised`: how many API keys were ended.' })),
    keys: Type.Array(Shown),
  },
  {
    description: 'When other keys sign.',
    examples: [
      { takes_effect_at: '2026-11-20T09:00:00.000Z', notice: 'The next keys sign from …', keys: [exampleKey] },
    ],
  },
)
export type RotatedKeys = Static<typeof Rotated>

const Rotation = Type.Object(
  {
    compromised: Type.Boolean({ default: false, description: 'Nothing that the keys have signed counts any more.' }),
    kid: Type.Optional(Type.String({ maxLength: 100, description: 'With `compromised`: this key alone.' })),
    end_api_keys: Type.Boolean({ default: false, description: 'With `compromised`: everybody’s API keys end too.' }),
  },
  { ...strict, examples: [{ compromised: false, end_api_keys: false }] },
)
const write = administers('gatehouse:signing-keys:write')

/** What administrators and operators do to the ring of signing keys. */
export async function signingKeyRoutes(
  app: App,
  options: {
    keys: KeyAdministration
    /** Ends everybody's API keys, and resolves to how many. */
    endApiKeys(): Promise<number>
  },
): Promise<void> {
  const { keys, endApiKeys } = options
  const showKeys = async () => (await keys.list()).map(showKey)

  const Keys = PageOf(Shown, { description: 'The last to sign first, all of them.', examples: [exampleKey] })
  app.get(
    '/keys',
    administers('gatehouse:signing-keys:read')('listSigningKeys', 'All signing keys', { response: { 200: Keys } }),
    async () => ({ items: await showKeys(), next_cursor: null }),
  )

  app.post(
    '/keys/rotate',
    write('rotateSigningKeys', 'Let the next keys sign, or end keys that somebody else knows', {
      description: 'Without `compromised` no token is lost: the next keys sign as soon as verifiers can know them.',
      body: Rotation,
      response: { 200: Rotated, ...problems('conflict', 'not_found') },
    }),
    async (request) => {
      const { compromised, kid, end_api_keys: endThem } = request.body
      if (!compromised && (kid !== undefined || endThem)) {
        throw new GatehouseError('invalid_request', {
          detail: 'A kid or the end of API keys goes with "compromised" alone.',
        })
      }
      const { takesEffectAt, notice } = await (compromised ? keys.endCompromised(kid) : keys.rotate())
      const rotated = { takes_effect_at: takesEffectAt.toISOString(), notice }
      if (!compromised) return { ...rotated, keys: await showKeys() }
      const ended = endThem ? await endApiKeys() : 0
      const ofApiKeys = endThem ? `${ended} API keys were ended.` : 'API keys go on; with --api-keys they end too.'
      return { ...rotated, notice: `${notice} ${ofApiKeys}`, ended_api_keys: ended, keys: await showKeys() }
    },
  )

  const Resealed = Type.Object({ resealed: Type.Integer() }, { description: 'How many.', examples: [{ resealed: 2 }] })
  app.post(
    '/keys/rewrap',
    write('rewrapSigningKeys', 'Seal the private keys with the current secret of the service', {
      response: { 200: Resealed, ...problems('conflict') },
    }),
    async () => ({ resealed: await keys.rewrap() }),
  )
}

function showKey({ key, status }: { key: SigningKey; status: KeyStatus }): ShownKey {
  return {
    kid: key.kid,
    alg: key.algorithm,
    status,
    created_at: key.createdAt.toISOString(),
    activates_at: key.activatesAt.toISOString(),
    retires_at: key.retiresAt?.toISOString() ?? null,
    compromised_at: key.compromisedAt?.toISOString() ?? null,
  }
}
