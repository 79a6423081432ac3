import { Type } from '../../json-schema.ts'
import { EndApiKeys, Instant, Password, strict, WrittenEmail } from '../../http/schema.ts'

const CurrentPassword = Type.String({ minLength: 1, maxLength: 512, examples: ['correct horse battery staple'] })
const LinkToken = Type.String({ minLength: 1, maxLength: 512, examples: ['0pXq2v…'] })

export const PasswordChange = Type.Object(
  { current_password: CurrentPassword, password: Password, end_api_keys: EndApiKeys },
  strict,
)
export const EmailRequest = Type.Object({ email: WrittenEmail, password: CurrentPassword }, strict)
export const Link = Type.Object({ token: LinkToken }, strict)
export const DeletionRequest = Type.Object({ password: Type.Optional(CurrentPassword) }, strict)
export const Keeping = Type.Object({ keep_token: Type.String({ minLength: 1, maxLength: 1_024 }) }, strict)

export const Requested = Type.Object(
  { status: Type.Enum(['check_your_email']) },
  { description: 'A mail to the new address says how to go on; the present one is told.' },
)
export const Deleting = Type.Object(
  { deleted_at: Instant },
  { description: 'When the account goes. Until then a sign-in offers to keep it.' },
)

const Rows = Type.Array(Type.Unsafe<object>({ type: 'object', additionalProperties: true }))

/** All that is stored, in the words of the other answers; open to what comes to be stored. */
export const Exported = Type.Object(
  {
    exported_at: Instant,
    profile: Type.Unsafe<object>({ type: 'object', additionalProperties: true }),
    sessions: Rows,
    refresh_families: Rows,
    grants: Rows,
    authorizations: Rows,
    api_keys: Rows,
    known_devices: Rows,
    factors: Rows,
    passkeys: Rows,
    recovery_codes_left: Type.Integer(),
    factor_resets: Rows,
    sign_ins_under_way: Rows,
    address_changes: Rows,
    password_resets: Rows,
    reserved_usernames: Rows,
    mails: Rows,
    mail_requests: Rows,
    invitations: Rows,
    activity: Rows,
  },
  { description: 'Never a hash, a secret or a token, and nothing of anybody else.' },
)
