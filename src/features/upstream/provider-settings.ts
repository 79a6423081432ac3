import { type Static, Type } from '../../json-schema.ts'
import { anyKey, setting, strict } from '../../settings.ts'
import { presetNames } from './presets.ts'

const text = (title: string, maxLength = 200) => Type.String({ minLength: 1, maxLength, title })
const texts = (title: string) => Type.Array(text('a text of at most 200 characters'), { title })
const domains = (title: string) => Type.Array(Type.String(), { title })

/** One provider of the list `sign_in.providers`. */
const ProviderSetting = Type.Object(
  {
    name: setting(
      'What the provider is called in addresses, in the audit trail and in the name of the variable that holds its secret. The address that it leads back to is `/api/federation/NAME/callback` below the issuer.',
      Type.String({
        pattern: '^[a-z0-9][a-z0-9-]{0,31}$',
        title: 'a name of at most 32 lower-case letters, digits and hyphens',
      }),
    ),
    title: Type.Optional(
      setting(
        'What people read on its button. Left out, it is the name of the preset.',
        text('a text of at most 60 characters', 60),
      ),
    ),
    preset: Type.Optional(
      setting(
        'What kind of provider it is, see [providers](providers.md). Left out, it is any provider of OpenID Connect.',
        Type.Enum([...presetNames]),
      ),
    ),
    issuer: Type.Optional(
      setting(
        'Its issuer, below which its metadata are found. `google`, `gitlab`, `apple` and `github` have one of their own.',
        text('an https URL, such as https://login.example.com', 500),
      ),
    ),
    client_id: setting('By which id this service is registered there.', text('a text of at most 500 characters', 500)),
    public: Type.Optional(
      setting(
        'Whether this service has no secret there. Otherwise `GATEHOUSE_PROVIDER_NAME_SECRET` holds it, or the file that `GATEHOUSE_PROVIDER_NAME_SECRET_FILE` names.',
        Type.Boolean(),
      ),
    ),
    apple: Type.Optional(
      setting(
        'With `preset: apple`: whose key the secret is. The variable names its file, a private key in PEM.',
        Type.Object(
          {
            team_id: setting('The team.', text('a text of 10 characters', 20)),
            key_id: setting('The key.', text('a text of 10 characters', 20)),
          },
          strict,
        ),
      ),
    ),
    scopes: Type.Optional(
      setting(
        'What is asked for, in place of the scopes of the preset.',
        texts('a list of scopes: [openid, email, …]'),
      ),
    ),
    allow: Type.Optional(
      setting(
        'Who of its people may sign in: whoever fulfils each of these. Without any, everybody who has an account there.',
        Type.Object(
          {
            domains: Type.Optional(
              setting(
                'Their mail address is of one of these domains, and the provider says that it is verified.',
                domains('a list of mail domains: [example.com, …]'),
              ),
            ),
            groups: Type.Optional(
              setting('They are in one of these groups there.', texts('a list of names of groups')),
            ),
            organisations: Type.Optional(
              setting(
                'With `preset: github`: they are a member of one of these organisations.',
                texts('a list of names of organisations'),
              ),
            ),
            hd: Type.Optional(
              setting(
                'With `preset: google`: their organisation has one of these domains.',
                domains('a list of domains: [example.com, …]'),
              ),
            ),
            tenants: Type.Optional(
              setting('With `preset: entra`: they are of one of these tenants.', texts('a list of ids of tenants')),
            ),
          },
          strict,
        ),
      ),
    ),
    trust_email_for: Type.Optional(
      setting(
        'Mail domains of which the provider is believed who owns an address. An account that is there with a verified address of theirs is linked to whoever the provider says owns it, without a proof of that account.',
        domains('a list of mail domains: [example.com, …]'),
      ),
    ),
    first_sign_in: Type.Optional(
      setting(
        'What becomes of somebody who has no account here: `create` makes one, `ask` lets the person choose between a new one and theirs, `refuse` lets nobody in whose account was not linked before.',
        Type.Enum(['create', 'ask', 'refuse'], { default: 'ask' }),
      ),
    ),
    groups_claim: Type.Optional(
      setting(
        'The claim that names the groups of a person; dots lead into it. With `preset: github` the groups are their organisations.',
        text('a claim, such as groups or realm_access.roles'),
      ),
    ),
    roles: Type.Optional(
      setting(
        'Which roles follow from a group: they come and go with it, at each sign-in. Roles that an operator has given stay.',
        Type.Record(anyKey, Type.Array(Type.String(), { title: 'a list of roles: [editor, …]' }), {
          title: 'a table of groups with their roles: { staff: [editor] }',
        }),
      ),
    ),
    acr_values: Type.Optional(
      setting(
        'The levels of which the provider has to have reached one. They are asked for, and a lower one is refused.',
        texts('a list of levels, as the provider calls them'),
      ),
    ),
    aal2_when: Type.Optional(
      setting(
        'When a sign-in there counts as one with two factors (`aal2`), so that none is asked for here. Without it the second factor of this service is asked for.',
        Type.Object(
          {
            acr: Type.Optional(setting('When the provider names one of these levels.', texts('a list of levels'))),
            amr: Type.Optional(
              setting('When the provider names one of these methods.', texts('a list of methods, such as [mfa]')),
            ),
          },
          strict,
        ),
      ),
    ),
    logout: Type.Optional(
      setting(
        'Whether signing out here signs out there too. The browser is led there and back.',
        Type.Boolean({ default: false }),
      ),
    ),
    session_hours: Type.Optional(
      setting(
        'After how many hours a session ends that was begun by this provider, however much it is used: who has left the organisation is signed out by then. Left out, it lasts as long as others.',
        Type.Integer({ minimum: 1, maximum: 8_760 }),
      ),
    ),
    domains: Type.Optional(
      setting(
        'Mail domains whose people sign in by this provider: it has no button, and is chosen by the address that they type.',
        domains('a list of mail domains: [example.com, …]'),
      ),
    ),
  },
  { ...strict, title: 'a provider' },
)
export type ProviderSetting = Static<typeof ProviderSetting>

/** `sign_in.providers` of gatehouse.yaml. */
export const ProviderSettings = setting(
  'Providers by which people sign in, see [providers](providers.md).',
  Type.Array(ProviderSetting, { title: 'a list of providers', default: [] }),
)
export type ProviderSettings = Static<typeof ProviderSettings>
