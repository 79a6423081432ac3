import { type Static, Type } from 'typebox'
import { section } from '../../settings.ts'

/** The `keys` section of gatehouse.yaml. */
export const KeySettings = section({
  access_tokens: Type.Enum(['ES256', 'RS256', 'EdDSA'], { default: 'ES256' }),
  assertions: Type.Enum(['ES256', 'RS256', 'EdDSA'], { default: 'ES256' }),
  rotation_days: Type.Integer({ minimum: 1, maximum: 3_650, default: 30 }),
})
export type KeySettings = Static<typeof KeySettings>
