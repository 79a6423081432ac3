import { type Static, Type } from '../../json-schema.ts'
import { anyKey, leastIdentityBytes, strict, toldNames } from '../../settings.ts'

const Names = Type.Array(Type.String({ minLength: 1, description: 'a name' }), {
  minItems: 1,
  description: 'a list of names with at least one: [name, …]',
})
const Networks = Type.Array(Type.String(), {
  minItems: 1,
  description: 'a list of networks with at least one: [10.0.0.0/8, …]',
})

/** Every condition that is named must hold; of a list, one entry is enough. */
const Conditions = Type.Object(
  {
    roles: Type.Optional(Names),
    permissions: Type.Optional(Names),
    scopes: Type.Optional(Names),
    clients: Type.Optional(Names),
    networks: Type.Optional(Networks),
    /** Name of the path capture that must be the user's own id. */
    owner: Type.Optional(Type.String({ minLength: 1, description: 'the name of a capture in the paths of the rule' })),
    level: Type.Optional(Type.Enum(['aal1', 'aal2'])),
  },
  {
    ...strict,
    minProperties: 1,
    description: 'at least one of roles, permissions, scopes, clients, networks, owner and level',
  },
)

const Allow = Type.Union([Type.Literal('anyone'), Type.Literal('signed-in'), Type.Literal('nobody'), Conditions], {
  description:
    'anyone, signed-in, nobody or an object of roles, permissions, scopes, clients, networks, owner and level',
})

const Path = Type.String({ pattern: '^/', description: 'a path that starts with /' })
const Method = Type.String({
  pattern: '^[A-Z]+(-[A-Z]+)*$',
  maxLength: 32,
  description: 'a method in upper case, such as GET',
})

const AccessRule = Type.Object(
  {
    paths: Type.Optional(
      Type.Array(Path, { minItems: 1, description: 'a list of paths with at least one: [/admin/**, …]' }),
    ),
    methods: Type.Optional(
      Type.Array(Method, { minItems: 1, description: 'a list of methods with at least one: [GET, …]' }),
    ),
    networks: Type.Optional(Networks),
    allow: Allow,
    /** Lets true CORS preflights of these paths through, which browsers send without credentials. */
    preflight: Type.Optional(Type.Boolean()),
  },
  strict,
)

/** Somebody of whom no more is known than this. */
const Somebody = Type.Object(
  {
    roles: Type.Optional(Type.Array(Type.String())),
    permissions: Type.Optional(Type.Array(Type.String())),
    scopes: Type.Optional(Type.Array(Type.String())),
    level: Type.Optional(Type.Enum(['aal1', 'aal2'])),
    /** The id, for rules that ask for the owner of a path. */
    subject: Type.Optional(Type.String({ minLength: 1 })),
    /** A program with this id, which has scopes alone. */
    client: Type.Optional(Type.String({ minLength: 1 })),
  },
  strict,
)

/** What must come of a request: a file that says otherwise is refused. */
const Expectation = Type.Object(
  {
    method: Type.Optional(Method),
    path: Path,
    address: Type.Optional(Type.String({ description: 'an IP address' })),
    preflight_for: Type.Optional(Method),
    as: Type.Union([Type.Literal('nobody'), Type.Literal('signed-in'), Somebody], {
      description: 'nobody, signed-in or an object of roles, permissions, scopes, level, subject and client',
    }),
    result: Type.Enum(['allow', 'sign_in', 'step_up', 'forbidden']),
  },
  strict,
)

const HeaderName = Type.String({
  pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$',
  description: 'a header name such as X-User-Id',
})

/** A preset by its name, with what its user name holds, or header names of an operator's own choice by what they carry. */
const HeaderTable = Type.Object(
  {
    preset: Type.Optional(Type.Enum(['gatehouse', 'remote', 'oauth2-proxy'])),
    /** What applications know a person by: unique, and nothing that people choose for themselves. */
    user: Type.Optional(
      Type.Enum(['subject', 'email'], {
        description:
          'subject or email (a display name is chosen freely, so it could be the user name of somebody else)',
      }),
    ),
    subject: Type.Optional(HeaderName),
    kind: Type.Optional(HeaderName),
    email: Type.Optional(HeaderName),
    name: Type.Optional(HeaderName),
    roles: Type.Optional(HeaderName),
    scopes: Type.Optional(HeaderName),
    client: Type.Optional(HeaderName),
    session: Type.Optional(HeaderName),
    level: Type.Optional(HeaderName),
    assertion: Type.Optional(HeaderName),
    shortened: Type.Optional(HeaderName),
  },
  { ...strict, minProperties: 1 },
)

const Headers = Type.Union(
  [Type.Literal('gatehouse'), Type.Literal('remote'), Type.Literal('oauth2-proxy'), HeaderTable],
  { description: 'gatehouse, remote, oauth2-proxy or an object of header names' },
)

/** By where it is shown: the session cookie, `Authorization: Bearer`, `X-API-Key` and `Authorization: Basic`. */
export const credentialKinds = ['session', 'bearer', 'api-key', 'basic'] as const
const CredentialKind = Type.Enum([...credentialKinds])

/** What headers, assertions and access tokens for the host tell of somebody's rights. */
const Identity = Type.Object(
  {
    roles: Type.Optional(toldNames()),
    permissions: Type.Optional(toldNames()),
    /** Of all identity headers together, and of an access token. */
    max_bytes: Type.Optional(Type.Integer({ minimum: leastIdentityBytes, maximum: 262_144 })),
    /** What becomes of rights that do not fit. */
    beyond: Type.Optional(Type.Enum(['shorten', 'refuse'])),
  },
  { ...strict, minProperties: 1, description: 'at least one of roles, permissions, max_bytes and beyond' },
)

export const HostRules = Type.Object(
  {
    audience: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: 'a text of 1 to 255 characters' }),
    ),
    headers: Type.Optional(Headers),
    identity: Type.Optional(Identity),
    /** Escaped characters that segments of this host may hold, since its upstream never splits a decoded path again. */
    encoded: Type.Optional(
      Type.Array(Type.Enum(['slash', 'backslash', 'semicolon', 'percent', 'question-mark', 'hash']), {
        minItems: 1,
        description: 'a list of slash, backslash, semicolon, percent, question-mark and hash',
      }),
    ),
    /** Which credentials count here; another one is the application's own, and decides nothing. */
    credentials: Type.Optional(
      Type.Array(CredentialKind, {
        minItems: 1,
        uniqueItems: true,
        description: 'a list of session, bearer, api-key and basic, each at most once',
      }),
    ),
    /** `never`: what counts here is kept from the upstream, and so are the service's own cookies. */
    forward: Type.Optional(Type.Enum(['never'])),
    /** `assertion`: the upstream gets the assertion as `Authorization: Bearer`, whatever the client presented. */
    authorization: Type.Optional(Type.Enum(['assertion'])),
    /** `request`: the assertion holds the method and path that it was made for, and is good for nothing else. */
    bind: Type.Optional(Type.Enum(['request'])),
    rules: Type.Array(AccessRule, {
      description: 'a list of rules: [{ paths: [/admin/**], allow: { roles: [admin] } }, …]',
    }),
    expect: Type.Optional(
      Type.Array(Expectation, { description: 'a list: [{ path: /admin/, as: nobody, result: sign_in }, …]' }),
    ),
  },
  strict,
)

/** The `hosts` section of gatehouse.yaml. */
export const Hosts = Type.Record(anyKey, HostRules, {
  description: 'a table of hosts, each with its rules: { app.example.com: { rules: […] } }',
})

export type CredentialKind = Static<typeof CredentialKind>
export type AccessRule = Static<typeof AccessRule>
export type Expectation = Static<typeof Expectation>
export type Conditions = Static<typeof Conditions>
export type HeaderTable = Static<typeof HeaderTable>
export type HeaderChoice = Static<typeof Headers>
export type HostRules = Static<typeof HostRules>
export type Hosts = Static<typeof Hosts>
