import { type Static, type TSchema, Type } from '../../json-schema.ts'
import { anyKey, leastIdentityBytes, setting, strict, toldNames } from '../../settings.ts'

/** A setting that may be left out. */
const optional = <S extends TSchema>(description: string, schema: S) => Type.Optional(setting(description, schema))

const Names = Type.Array(Type.String({ minLength: 1, title: 'a name' }), {
  minItems: 1,
  title: 'a list of names with at least one: [name, …]',
})
const Networks = Type.Array(Type.String(), {
  minItems: 1,
  title: 'a list of networks with at least one: [10.0.0.0/8, …]',
})

/** Every condition that is named must hold; of a list, one entry is enough. */
const Conditions = Type.Object(
  {
    roles: optional('One of these roles is needed.', Names),
    groups: optional('One of these groups is needed, by its name at the source or as an operator gave it.', Names),
    permissions: optional('One of these permissions is needed.', Names),
    scopes: optional('One of these scopes is needed.', Names),
    clients: optional('One of these clients must ask.', Names),
    networks: optional('The client must be in one of these networks.', Networks),
    owner: optional(
      'The segment of the path that is captured under this name must be the id of the user who asks.',
      Type.String({ minLength: 1, title: 'the name of a capture in the paths of the rule' }),
    ),
    level: optional(
      'The person must have proven who they are at this level or a higher one.',
      Type.Enum(['aal1', 'aal2']),
    ),
  },
  {
    ...strict,
    minProperties: 1,
    title: 'at least one of roles, groups, permissions, scopes, clients, networks, owner and level',
  },
)

const Allow = Type.Union([Type.Literal('anyone'), Type.Literal('signed-in'), Type.Literal('nobody'), Conditions], {
  title:
    'anyone, signed-in, nobody or an object of roles, groups, permissions, scopes, clients, networks, owner and level',
})

const Path = Type.String({ pattern: '^/', title: 'a path that starts with /' })
const Method = Type.String({
  pattern: '^[A-Z]+(-[A-Z]+)*$',
  maxLength: 32,
  title: 'a method in upper case, such as GET',
})

const AccessRule = Type.Object(
  {
    paths: optional(
      'The paths that the rule is about. Left out, it is about all.',
      Type.Array(Path, { minItems: 1, title: 'a list of paths with at least one: [/admin/**, …]' }),
    ),
    methods: optional(
      'The methods that the rule is about. Left out, it is about all.',
      Type.Array(Method, { minItems: 1, title: 'a list of methods with at least one: [GET, …]' }),
    ),
    networks: optional(
      'The networks of the clients that the rule is about. Left out, it is about clients everywhere.',
      Networks,
    ),
    allow: setting('Who may pass. Of an object each condition must hold, and of a list one entry is enough.', Allow),
    preflight: optional(
      'Whether true CORS preflights of these requests pass, which browsers send without credentials.',
      Type.Boolean(),
    ),
  },
  strict,
)

/** Somebody of whom no more is known than this. */
const Somebody = Type.Object(
  {
    roles: optional('The roles that they have.', Type.Array(Type.String())),
    groups: optional('The groups that they are in.', Type.Array(Type.String())),
    permissions: optional('The permissions that they have beside those of their roles.', Type.Array(Type.String())),
    scopes: optional('The scopes of their token.', Type.Array(Type.String())),
    level: optional('The level at which they have proven who they are.', Type.Enum(['aal1', 'aal2'])),
    subject: optional('Their id, for rules that ask for the owner of a path.', Type.String({ minLength: 1 })),
    client: optional('The id of a program, which has scopes alone.', Type.String({ minLength: 1 })),
  },
  strict,
)

const Expectation = Type.Object(
  {
    method: optional('The method of the request. Left out, it is GET.', Method),
    path: setting('The path of the request.', Path),
    address: optional('The address of the client, for rules about networks.', Type.String({ title: 'an IP address' })),
    preflight_for: optional('The method that a CORS preflight announces. It makes one of an OPTIONS request.', Method),
    as: setting(
      'Who asks.',
      Type.Union([Type.Literal('nobody'), Type.Literal('signed-in'), Somebody], {
        title: 'nobody, signed-in or an object of roles, groups, permissions, scopes, level, subject and client',
      }),
    ),
    result: setting('What must come of the request.', Type.Enum(['allow', 'sign_in', 'step_up', 'forbidden'])),
  },
  strict,
)

const HeaderName = Type.String({
  pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$',
  title: 'a header name such as X-User-Id',
})

/** A preset by its name, with what its user name holds, or header names of an operator's own choice by what they carry. */
const HeaderTable = Type.Object(
  {
    preset: optional('The names of this preset.', Type.Enum(['gatehouse', 'remote', 'oauth2-proxy'])),
    // Unique, and nothing that people choose for themselves.
    user: optional(
      'What the user name of the preset holds, by which an application knows a person. Left out, it is the id.',
      Type.Enum(['subject', 'email', 'username'], {
        title:
          'subject, email or username (a display name is chosen freely, so it could be the user name of somebody else)',
      }),
    ),
    subject: optional('The header that carries the id of the user or client.', HeaderName),
    kind: optional('The header that says `user` or `client`.', HeaderName),
    email: optional('The header that carries the mail address.', HeaderName),
    username: optional('The header that carries the user name; empty for who has none.', HeaderName),
    name: optional('The header that carries the display name.', HeaderName),
    roles: optional('The header that carries the roles, with commas between them.', HeaderName),
    groups: optional(
      'The header that carries the groups, with commas between them. Of somebody who is in none it carries their roles.',
      HeaderName,
    ),
    scopes: optional('The header that carries the scopes, with spaces between them.', HeaderName),
    client: optional('The header that carries the id of the client.', HeaderName),
    session: optional('The header that carries the id of the session.', HeaderName),
    level: optional('The header that carries the level, `aal1` or `aal2`.', HeaderName),
    assertion: optional('The header that carries the identity assertion.', HeaderName),
    shortened: optional('The header that names the lists that are not whole.', HeaderName),
  },
  { ...strict, minProperties: 1 },
)

const Headers = Type.Union(
  [Type.Literal('gatehouse'), Type.Literal('remote'), Type.Literal('oauth2-proxy'), HeaderTable],
  { title: 'gatehouse, remote, oauth2-proxy or an object of header names' },
)

/** By where it is shown: the session cookie, `Authorization: Bearer`, `X-API-Key` and `Authorization: Basic`. */
export const credentialKinds = ['session', 'bearer', 'api-key', 'basic'] as const
const CredentialKind = Type.Enum([...credentialKinds])

const Identity = Type.Object(
  {
    roles: optional('The roles that are told. Left out, all are.', toldNames()),
    groups: optional('The groups that are told. Left out, all are.', toldNames()),
    permissions: optional('The permissions that are told. Left out, all are.', toldNames()),
    max_bytes: optional(
      'How long all identity headers may be together, with their names, and an access token for the host. Left out, headers ' +
        'may have 28 KiB, and tokens 15 KiB.',
      Type.Integer({ minimum: leastIdentityBytes, maximum: 262_144 }),
    ),
    beyond: optional(
      'What becomes of rights that do not fit: they are told in part, or the request is refused. Left out, they are told in part.',
      Type.Enum(['shorten', 'refuse']),
    ),
  },
  { ...strict, minProperties: 1, title: 'at least one of roles, groups, permissions, max_bytes and beyond' },
)

export const HostRules = Type.Object(
  {
    title: optional(
      'What people call the application. It stands on the page of those that they may open, and where they sign in for it.',
      Type.String({ minLength: 1, maxLength: 60, title: 'a name of at most 60 characters' }),
    ),
    description: optional(
      'A few words below the title.',
      Type.String({ minLength: 1, maxLength: 120, title: 'a text of at most 120 characters' }),
    ),
    icon: optional(
      'A file with a picture beside the title, SVG or PNG of at most 256 KiB, named from the folder of gatehouse.yaml on.',
      Type.String({ minLength: 1, title: 'the path of a file: ./icons/app.svg' }),
    ),
    audience: optional(
      'The audience of the identity assertion, and of access tokens that are good for this host alone. Left out, it is the ' +
        'scheme and the host.',
      Type.String({ minLength: 1, maxLength: 255, title: 'a text of 1 to 255 characters' }),
    ),
    headers: optional(
      'The names of the identity headers. Left out, they are those of the preset `gatehouse`.',
      Headers,
    ),
    identity: optional("What headers, assertions and access tokens for the host tell of somebody's rights.", Identity),
    encoded: optional(
      'The characters that may stand escaped within a segment of a path. The upstream must never split a decoded path again.',
      Type.Array(Type.Enum(['slash', 'backslash', 'semicolon', 'percent', 'question-mark', 'hash']), {
        minItems: 1,
        title: 'a list of slash, backslash, semicolon, percent, question-mark and hash',
      }),
    ),
    credentials: optional(
      "The credentials that count here. Another one is the application's own, and decides nothing. Left out, all but `basic` " +
        'count, and that too with `proxies.basic: true`.',
      Type.Array(CredentialKind, {
        minItems: 1,
        uniqueItems: true,
        title: 'a list of session, bearer, api-key and basic, each at most once',
      }),
    ),
    forward: optional(
      "`never` keeps from the upstream what counts here, and the service's own cookies. Left out, it gets all that was sent.",
      Type.Enum(['never']),
    ),
    authorization: optional(
      '`assertion` gives the upstream the identity assertion as `Authorization: Bearer`, whatever the client presented.',
      Type.Enum(['assertion']),
    ),
    bind: optional(
      '`request` makes an assertion for each request, which holds its method and URL and is good for nothing else.',
      Type.Enum(['request']),
    ),
    rules: setting(
      'The access rules. The first one that matches decides, and where none does the request is denied.',
      Type.Array(AccessRule, {
        title: 'a list of rules: [{ paths: [/admin/**], allow: { roles: [admin] } }, …]',
      }),
    ),
    expect: optional(
      'What must come of certain requests. A file whose rules say otherwise is refused.',
      Type.Array(Expectation, { title: 'a list: [{ path: /admin/, as: nobody, result: sign_in }, …]' }),
    ),
  },
  strict,
)

/** The `hosts` section of gatehouse.yaml. */
export const Hosts = Type.Record(anyKey, HostRules, {
  title: 'a table of hosts, each with its rules: { app.example.com: { rules: […] } }',
  description: 'The hosts that are protected, by name, each with its access rules.',
})

export type CredentialKind = Static<typeof CredentialKind>
export type AccessRule = Static<typeof AccessRule>
export type Expectation = Static<typeof Expectation>
export type Conditions = Static<typeof Conditions>
export type HeaderTable = Static<typeof HeaderTable>
export type HeaderChoice = Static<typeof Headers>
export type HostRules = Static<typeof HostRules>
export type Hosts = Static<typeof Hosts>
