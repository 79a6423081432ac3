import { type Static, Type } from '../../json-schema.ts'
import { section } from '../../settings.ts'

/** The `api_keys` section of gatehouse.yaml. */
export const ApiKeySettings = section({
  /** How long a key is good for, unless who makes it says when it ends. */
  days: Type.Integer({ minimum: 1, maximum: 3_650, default: 90 }),
  /** Whether a key may be made that never ends. */
  allow_unlimited: Type.Boolean({ default: false }),
})
export type ApiKeySettings = Static<typeof ApiKeySettings>
