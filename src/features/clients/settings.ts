import { isReservedName, notReserved } from '../../core/permissions.ts'
import { type Static, Type } from '../../json-schema.ts'
import { type Findings, section, setting } from '../../settings.ts'

const names = (fallback: string[], title: string) =>
  Type.Array(
    Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]+$',
      title: 'a name without spaces',
    }),
    {
      default: fallback,
      title,
    },
  )

/** Programs that register themselves. */
export const ClientSettings = section({
  registration: setting(
    'Whether programs may register themselves (RFC 7591): `off`, with a `token` of an operator, or `open` to everybody. See [programs that register themselves](openid.md#programs-that-register-themselves).',
    Type.Enum(['off', 'token', 'open'], { default: 'off' }),
  ),
  metadata_documents: setting(
    'Whether programs may be known by a document at the https address that is their `client_id`. See [programs that register themselves](openid.md#programs-that-register-themselves).',
    Type.Boolean({ default: false }),
  ),
  scopes: setting(
    'The scopes that such programs may ask for.',
    names(['openid', 'profile', 'email', 'offline_access'], 'a list of scopes: [openid, …]'),
  ),
  resources: setting(
    'The audiences of hosts at which their tokens may be good.',
    names([], 'a list of audiences: [https://mcp.example.com, …]'),
  ),
  most: setting(
    'How many such programs there may be.',
    Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1_000 }),
  ),
})
export type ClientSettings = Static<typeof ClientSettings>

export function checkClientSettings({ scopes }: ClientSettings, findings: Findings): void {
  for (const [place, scope] of scopes.entries()) {
    if (isReservedName(scope)) findings.fault(['clients', 'scopes', place], `expected ${notReserved}`)
  }
}
