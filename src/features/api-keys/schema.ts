import { Type } from '../../json-schema.ts'
import type { ApiKey } from '../../core/records/api-key.ts'
import { documentedAs, Instant, plainText, strict } from '../../http/schema.ts'

const Scope = Type.String({ format: 'scope', ...documentedAs({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,100}$' }) })

export const NewApiKeyBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200, ...plainText }),
    scopes: Type.Array(Scope, {
      maxItems: 100,
      description: 'Some of your permissions; none: the key only says who you are.',
    }),
    expires_at: Type.Optional(
      Type.Union([Instant, Type.Null()], {
        description:
          'Absent: after the days that the deployment sets, 90 by default. Null: never, where that is allowed.',
      }),
    ),
  },
  { ...strict, examples: [{ name: 'Nightly export', scopes: ['reports:read'], expires_at: '2027-06-30T00:00:00Z' }] },
)

/** What an API key shows of itself. */
export const shownKey = {
  id: Type.String({ format: 'uuid' }),
  name: Type.String(),
  scopes: Type.Array(Type.String()),
  created_at: Instant,
  expires_at: Type.Union([Instant, Type.Null()]),
  last_used_at: Type.Union([Instant, Type.Null()], { description: 'To the minute.' }),
}
export const exampleKey = {
  id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
  name: 'Nightly export',
  scopes: ['reports:read'],
  created_at: '2026-11-20T08:00:00.000Z',
  expires_at: '2027-06-30T00:00:00.000Z',
  last_used_at: null,
}

/** With a key that has just been made. */
export const keyItself = { key: Type.String({ description: 'The key itself: shown here and never again.' }) }
export const exampleSecret = 'ghk_mFzK9…'

export const ApiKeyBody = Type.Object(shownKey, {
  $id: 'ApiKey',
  description: 'An API key, without the key itself.',
  examples: [exampleKey],
})

export const MadeApiKey = Type.Object(
  { ...shownKey, ...keyItself },
  { $id: 'MadeApiKey', description: 'A new API key.', examples: [{ ...exampleKey, key: exampleSecret }] },
)

/** A key as its owner sees it. */
export function showApiKey(apiKey: ApiKey) {
  return {
    id: apiKey.id,
    name: apiKey.name,
    scopes: apiKey.scopes,
    created_at: apiKey.createdAt.toISOString(),
    expires_at: apiKey.expiresAt?.toISOString() ?? null,
    last_used_at: apiKey.lastUsedAt?.toISOString() ?? null,
  }
}
