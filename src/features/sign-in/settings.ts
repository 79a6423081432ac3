import { type Static, Type } from '../../json-schema.ts'
import { section, setting } from '../../settings.ts'

/** The `sign_in` section of gatehouse.yaml. */
export const SignInSettings = section({
  fresh_seconds: setting(
    'How old the proof of a person may be for what outlives their session, such as making an API key, or an account as an administrator.',
    Type.Integer({ minimum: 30, maximum: 86_400, default: 300 }),
  ),
})
export type SignInSettings = Static<typeof SignInSettings>

/** Of the `limits` section of gatehouse.yaml: how many passwords may be wrong within a window. */
export interface FailureLimits {
  failures_per_account: number
  /** Left out: half of `failures_per_account`, and at least 5. */
  failures_per_pair?: number
  failures_per_device: number
  failures_per_address: number
  failures_of_service: number
  failure_window_seconds: number
}
