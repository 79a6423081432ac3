import { maxAccessTokenSeconds } from '../../core/access-token.ts'
import { clientAlgorithms } from '../../core/public-jwks.ts'
import { signingAlgorithms } from '../../core/records/signing-key.ts'
import { type Client, openIdSettingsOf } from '../../core/records/client.ts'
import { type Static, type TOptional, type TSchema, Type } from '../../json-schema.ts'

/** A century: dates of later stand in no database. */
const maxSeconds = 3_155_760_000
const Nullable = <Of extends TSchema>(schema: Of) => Type.Union([schema, Type.Null()])

/** What concerns a client by which people sign in, as the API spells it: each is a member of `OpenIdSettings` in its spelling. */
export const openIdMembers = {
  pkce: Type.Enum(['required', 'optional'], {
    description: 'Whether a client that proves itself must send a code challenge too; a public one always must.',
  }),
  first_party: Type.Boolean({ description: 'Whether people are let in without being asked, since it is yours.' }),
  id_token_claims: Type.Enum(['full', 'thin'], {
    description: 'Whether ID tokens tell what userinfo tells, or nothing but who somebody is.',
  }),
  refresh_tokens: Type.Enum(['with_offline_access', 'always'], {
    description: 'Whether a refresh token comes only with the scope `offline_access`.',
  }),
  post_logout_redirect_uris: Type.Array(Type.String({ maxLength: 2_048 }), {
    description: 'Where a browser may be sent after signing out.',
  }),
  cors_origins: Type.Array(Type.String({ maxLength: 2_048 }), {
    description: 'Origins of its pages, whose scripts may read what the endpoints for programs answer it.',
  }),
  require_pushed_authorization_requests: Type.Boolean({
    description: 'Whether it must push its authorization requests (RFC 9126), so that no browser carries them.',
  }),
  require_signed_request_object: Type.Boolean({
    description: 'Whether it must sign its authorization requests (RFC 9101) by a key of its `jwks`.',
  }),
  request_object_signing_alg: Type.Enum(['any', ...clientAlgorithms], {
    description: 'By which algorithm it signs its authorization requests; `any`: by whichever fits its key.',
  }),
  jwks_uri: Type.String({
    maxLength: 2_048,
    description:
      'Where the public keys are of a client that authenticates by `private_key_jwt`; empty: they are registered.',
  }),
  initiate_login_uri: Type.String({
    maxLength: 2_048,
    description:
      'Where a sign-in to it begins that people start here (OpenID Connect Core §4), of https; empty: nowhere.',
  }),
  backchannel_logout_uri: Type.String({
    maxLength: 2_048,
    description: 'Where it is told of the end of sessions by logout tokens; empty: it is told nothing.',
  }),
  backchannel_logout_session_required: Type.Boolean({
    description: 'Whether logout tokens must name the session, which they always do.',
  }),
  id_token_signed_response_alg: Type.Enum(['default', ...signingAlgorithms], {
    description: 'By which algorithm its ID tokens are signed; `default`: as `keys.id_tokens` says.',
  }),
  authorization_signed_response_alg: Type.Enum(['default', ...signingAlgorithms], {
    description: 'By which algorithm answers are signed that it wants as JWT (JARM); `default`: as its ID tokens.',
  }),
  userinfo_signed_response_alg: Type.Enum(['none', ...signingAlgorithms], {
    description: 'By which algorithm the answers of userinfo are signed; `none`: they are plain JSON.',
  }),
  dpop_bound_access_tokens: Type.Boolean({
    description: 'Whether it gets no token without a DPoP proof (RFC 9449).',
  }),
  tls_client_certificate_bound_access_tokens: Type.Boolean({
    description:
      'Whether its tokens are bound to the certificate by which it is connected, and it gets none without one (RFC 8705).',
  }),
  access_token_ttl_seconds: Nullable(
    Type.Integer({
      ...{ minimum: 1, maximum: maxAccessTokenSeconds },
      description: 'How long its access tokens are good for; null: as `tokens` of gatehouse.yaml says.',
    }),
  ),
  refresh_idle_ttl_seconds: Nullable(
    Type.Integer({
      ...{ minimum: 1, maximum: maxSeconds },
      description: 'After how long without use its refresh tokens end, where `tokens` of gatehouse.yaml has more.',
    }),
  ),
  refresh_absolute_ttl_seconds: Nullable(
    Type.Integer({
      ...{ minimum: 1, maximum: maxSeconds },
      description: 'After how long they end in any case, where `tokens` of gatehouse.yaml has more.',
    }),
  ),
  id_token_ttl_seconds: Nullable(
    Type.Integer({
      ...{ minimum: 1, maximum: maxAccessTokenSeconds },
      description: 'How long its ID tokens are good for; null: 900 seconds.',
    }),
  ),
  refresh_token_rotation: Type.Enum(['on', 'off'], {
    description:
      'Whether each use of a refresh token brings another one; `off` for no public client whose tokens are bound to nothing.',
  }),
  default_acr_values: Type.Array(Type.Enum(['aal1', 'aal2']), {
    description: 'The levels of which one is wanted where a request names none.',
  }),
  default_max_age: Nullable(
    Type.Integer({
      ...{ minimum: 0, maximum: 999_999_999 },
      description: 'After how many seconds the person proves themselves anew, where a request does not say.',
    }),
  ),
  subject_type: Type.Enum(['public', 'pairwise'], {
    description:
      '`pairwise`: it knows people by names that tell it nothing of who they are to programs of other sectors.',
  }),
  sector_identifier_uri: Type.String({
    maxLength: 2_048,
    description:
      'Where a list of the redirect URIs of its sector is; empty: the sector is the host of its redirect URIs.',
  }),
  profile: Type.Enum(['none', 'fapi2'], {
    description: '`fapi2`: the FAPI 2.0 Security Profile holds for it; what contradicts that is refused.',
  }),
}
/** The same, each of which may be left out. */
export const openIdWishes = Object.fromEntries(
  Object.entries(openIdMembers).map(([name, member]) => [name, Type.Optional(member)]),
) as { [Name in keyof typeof openIdMembers]: TOptional<(typeof openIdMembers)[Name]> }

type Members = { -readonly [Name in keyof typeof openIdMembers]: Static<(typeof openIdMembers)[Name]> }
type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name
/** The same in the spelling of the record. */
type InCode = { [Name in keyof Members as CamelCase<Name>]: Members[Name] }

const names = Object.keys(openIdMembers) as (keyof Members)[]
const inCode = (name: string) =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) as keyof InCode

/** What of a request's body was given, for the record; nothing where none was named, so that the defaults of a later release count. */
export function openIdOf(body: Partial<Members>): Partial<InCode> | undefined {
  const given = names.filter((name) => body[name] !== undefined)
  return given.length === 0 ? undefined : Object.fromEntries(given.map((name) => [inCode(name), body[name]]))
}

/** The settings of a client, with the defaults, as the API tells them. */
export function showOpenId(client: Client): Members {
  const settings: InCode = openIdSettingsOf(client)
  const shown = Object.fromEntries(names.map((name) => [name, settings[inCode(name)]])) as Members
  return { ...shown, pkce: client.authMethod === 'none' ? 'required' : shown.pkce }
}
