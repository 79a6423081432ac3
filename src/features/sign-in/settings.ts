import { type Static, Type } from '../../json-schema.ts'
import { section } from '../../settings.ts'

/** The `sign_in` section of gatehouse.yaml. */
export const SignInSettings = section({
  /** How old a proof of the person may be for what changes their security. */
  fresh_seconds: Type.Integer({ minimum: 30, maximum: 86_400, default: 300 }),
})
export type SignInSettings = Static<typeof SignInSettings>

/** Of the `limits` section of gatehouse.yaml: how many failures an account or a known browser has in a window. */
export interface FailureLimits {
  failures_per_account: number
  failure_window_seconds: number
}
