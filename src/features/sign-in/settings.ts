import { type Static, Type } from '../../json-schema.ts'
import { section, setting, strict } from '../../settings.ts'

const RoleName = Type.String({ minLength: 1, maxLength: 100, title: 'a name of at most 100 characters' })

/** The `sign_in` section of gatehouse.yaml. */
export const SignInSettings = section({
  fresh_seconds: setting(
    'How old the proof of a person may be for what outlives their session, such as making an API key, or an account as an administrator.',
    Type.Integer({ minimum: 30, maximum: 86_400, default: 300 }),
  ),
  passwords: setting(
    'Whether people sign in by a password. Without, the providers of `sign_in.providers` are the only way in, and nobody registers, is invited or gets a link to a new password.',
    Type.Boolean({ default: true }),
  ),
  factors: section({
    required_for: setting(
      'Who needs a second factor: `all`, or whoever has one of some roles (`{ roles: [admin] }`). Everybody else may set one up.',
      Type.Union(
        [
          Type.Literal('all'),
          Type.Object({ roles: setting('The roles of which one is enough.', Type.Array(RoleName)) }, strict),
        ],
        { default: { roles: ['admin'] }, title: 'all, or roles such as { roles: [admin] }' },
      ),
    ),
    grace_days: setting(
      'For how many days, from the first sign-in at which they need one, people are signed in without a second factor all the same.',
      Type.Integer({ minimum: 0, maximum: 365, default: 7 }),
    ),
    remember_days: setting(
      'For how many days a browser may be remembered, so that the second factor is not asked for there. What asks for `aal2` asks all the same. 0: never.',
      Type.Integer({ minimum: 0, maximum: 365, default: 0 }),
    ),
  }),
  passkeys: section({
    enabled: setting(
      'Whether people sign in with passkeys. Where the host of the issuer is an IP address nobody does, since browsers have none for addresses.',
      Type.Boolean({ default: true }),
    ),
    rp_id: Type.Optional(
      setting(
        'The domain that passkeys are made for (WebAuthn’s RP ID): the host of the issuer, or a parent of it such as `example.com`. Left out, it is that host. Passkeys of another one count no more: set a parent before the first is made if the service may get another host one day.',
        Type.String({ minLength: 1, maxLength: 253, title: 'a domain such as example.com' }),
      ),
    ),
  }),
})
/** Of that section: who needs a second factor. */
export type FactorPolicy = SignInSettings['factors']
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
