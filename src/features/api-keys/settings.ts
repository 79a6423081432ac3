import { type Static, Type } from '../../json-schema.ts'
import { section, setting } from '../../settings.ts'

/** The `api_keys` section of gatehouse.yaml. */
export const ApiKeySettings = section({
  days: setting(
    'How many days an API key is good for, unless who makes it says when it ends.',
    Type.Integer({ minimum: 1, maximum: 3_650, default: 90 }),
  ),
  allow_unlimited: setting('Whether an API key may be made that never ends.', Type.Boolean({ default: false })),
})
export type ApiKeySettings = Static<typeof ApiKeySettings>
