import { type Static, Type } from '../../json-schema.ts'
import { section } from '../../settings.ts'

/** The `sign_in` section of gatehouse.yaml. */
export const SignInSettings = section({
  /** How old a proof of the person may be for what changes their security. */
  fresh_seconds: Type.Integer({ minimum: 30, maximum: 86_400, default: 300 }),
})
export type SignInSettings = Static<typeof SignInSettings>
