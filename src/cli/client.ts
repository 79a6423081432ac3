import { readFileSync } from 'node:fs'
import type { ShownClient } from '../features/clients/index.ts'
import { command, CommandError, flag, group, print, required, text, texts, UsageError } from './command.ts'
import { everyItem, pathOf, withOperator } from './operator.ts'

const at = (id: string) => pathOf('clients', id)
const aboutJwks = 'a JWK set of public keys, by which the client signs assertions (private_key_jwt)'

const yesOrNo = 'yes|no'
const secondsOrDefault = 'SECONDS|default'
/** The settings of a program by which people sign in, each under the name that the API has for it (but one of a list, which stands for all). */
const openid = {
  pkce: text('required|optional', 'whether a program with a secret must send a code challenge too'),
  'first-party': text(yesOrNo, 'whether people are let in without being asked, since it is yours'),
  'id-token-claims': text('full|thin', 'whether ID tokens tell what userinfo tells'),
  'refresh-tokens': text('always|with_offline_access', 'whether refresh tokens need the scope offline_access'),
  'dpop-bound-access-tokens': text(yesOrNo, 'whether it gets no token without a DPoP proof'),
  'tls-client-certificate-bound-access-tokens': text(yesOrNo, 'whether its tokens are bound to its certificate'),
  'post-logout-redirect-uri': texts('URI', 'where a browser may be sent after signing out; may be repeated'),
  'cors-origin': texts('ORIGIN', 'an origin of its pages, whose scripts ask for tokens; may be repeated'),
  'require-pushed-authorization-requests': text(yesOrNo, 'whether it must push its authorization requests (RFC 9126)'),
  'require-signed-request-object': text(yesOrNo, 'whether it must sign its authorization requests (RFC 9101)'),
  'request-object-signing-alg': text('ALGORITHM', 'by which it signs them; any: whichever fits its key'),
  'jwks-uri': text('URI', 'where its public keys are, by which it signs assertions (private_key_jwt)'),
  'initiate-login-uri': text('URI', 'where people are led who start a sign-in to it here'),
  'backchannel-logout-uri': text('URI', 'where it is told of the end of sessions'),
  'backchannel-logout-session-required': text(yesOrNo, 'whether that names the session, which it always does'),
  'id-token-signed-response-alg': text('ALGORITHM', 'by which its ID tokens are signed; RS256, ES256, PS256 or EdDSA'),
  'authorization-signed-response-alg': text('ALGORITHM', 'by which answers are signed that it wants as JWT (JARM)'),
  'access-token-ttl-seconds': text(secondsOrDefault, 'how long its access tokens are good for'),
  'refresh-idle-ttl-seconds': text(secondsOrDefault, 'after how long without use its refresh tokens end'),
  'refresh-absolute-ttl-seconds': text(secondsOrDefault, 'after how long its refresh tokens end in any case'),
  'id-token-ttl-seconds': text(secondsOrDefault, 'how long its ID tokens are good for'),
  'refresh-token-rotation': text('on|off', 'whether each use of a refresh token brings another one'),
  'default-acr-value': texts('LEVEL', 'aal1 or aal2, where a request names none; may be repeated'),
  'default-max-age': text(secondsOrDefault, 'after how long the person proves themselves anew'),
  'subject-type': text('public|pairwise', 'pairwise: it knows people by names of its own'),
  'sector-identifier-uri': text('URI', 'where a list of the redirect URIs of its sector is'),
  'userinfo-signed-response-alg': text('ALGORITHM', 'by which answers of userinfo are signed; none: they are JSON'),
  profile: text('none|fapi2', 'fapi2: the FAPI 2.0 Security Profile holds for it'),
}

/** What of the options was given, as the service takes it, which says what is wrong with a value. */
function openIdOf(values: Partial<Record<keyof typeof openid, string | string[] | undefined>>): object {
  const given: Record<string, unknown> = {}
  for (const [option, { value: form }] of Object.entries(openid)) {
    const value = values[option as keyof typeof openid]
    const name = option.replaceAll('-', '_')
    if (Array.isArray(value)) {
      if (value.length > 0) given[`${name}s`] = value
    } else if (value !== undefined) {
      given[name] = valueOf(form, value)
    }
  }
  return given
}

/** A value in JSON; one that is not of its form stays a text, which the service refuses. */
function valueOf(form: string | undefined, value: string): unknown {
  if (form === yesOrNo && /^(?:yes|no)$/.test(value)) return value === 'yes'
  if (form === secondsOrDefault && value === 'default') return null
  if (form === secondsOrDefault && /^\d{1,12}$/.test(value)) return Number(value)
  return value
}

/** Programs: `client create|list|show|change|rotate-secret|set-jwks|delete`. */
export const client = group({
  create: command({
    summary: 'register a program; its secret is shown once',
    options: {
      id: text('ID', 'the client_id; otherwise one is made'),
      name: required('NAME', 'what people call it'),
      grant: texts('GRANT', 'how it gets tokens, such as client_credentials; at least one'),
      'redirect-uri': texts('URI', 'where a browser may be sent back to; may be repeated'),
      scope: texts('SCOPE', 'a scope that it may ask for; may be repeated'),
      audience: texts('AUDIENCE', 'an audience that its tokens may name; may be repeated'),
      public: flag('a program that cannot keep a secret, such as an app'),
      'jwks-file': text('FILE', aboutJwks),
      ...openid,
    },
    example: 'client create --name Reports --grant client_credentials --scope reports:read',
    async run({ id, name, grant: grants, scope: scopes, audience: audiences, json, ...values }) {
      if (grants.length === 0) throw new UsageError('client create: --grant is required')
      const file = values['jwks-file']
      const body = {
        ...(id !== undefined && { id }),
        name,
        grants,
        redirect_uris: values['redirect-uri'],
        scopes,
        audiences,
        public: values.public,
        ...openIdOf(values),
        ...(file !== undefined && { jwks: readJwks(file) }),
      }
      print(await withOperator((operator) => operator<ShownClient>('POST', '/clients', body)), json)
    },
  }),
  list: command({
    summary: 'show every program',
    example: 'client list --json',
    async run({ json }) {
      print(await withOperator((operator) => everyItem<ShownClient>(operator, '/clients')), json)
    },
  }),
  show: onClient('show one program', 'show', 'GET', ''),
  change: command({
    summary: 'change what a program may do; what is left out stays',
    arguments: ['client id'],
    options: {
      name: text('NAME', 'what people call it'),
      grant: texts('GRANT', 'how it gets tokens, in place of what was'),
      'redirect-uri': texts('URI', 'where a browser may be sent back to, in place of what was'),
      scope: texts('SCOPE', 'a scope that it may ask for, in place of what was'),
      audience: texts('AUDIENCE', 'an audience that its tokens may name, in place of what was'),
      ...openid,
    },
    example: 'client change wiki --redirect-uri https://wiki.example.com/callback',
    async run({ name, grant: grants, scope: scopes, audience: audiences, json, ...values }, id) {
      const lists = { grants, redirect_uris: values['redirect-uri'], scopes, audiences }
      const body = {
        ...(name !== undefined && { name }),
        ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
        ...openIdOf(values),
      }
      print(await withOperator((operator) => operator<ShownClient>('PUT', at(id), body)), json)
    },
  }),
  'rotate-secret': onClient('replace the secret; the old one ends at once', 'rotate-secret', 'POST', '/secret'),
  'set-jwks': command({
    summary: 'replace the public keys of a program',
    arguments: ['client id'],
    options: { 'jwks-file': required('FILE', aboutJwks) },
    example: 'client set-jwks reports-job --jwks-file public.json',
    async run({ json, ...values }, id) {
      const jwks = readJwks(values['jwks-file'])
      print(await withOperator((operator) => operator<ShownClient>('PUT', `${at(id)}/jwks`, { jwks })), json)
    },
  }),
  'registration-token': command({
    summary: 'make a token by which programs register themselves; it is shown once',
    options: {
      uses: text('NUMBER', 'for how many programs; otherwise 1'),
      days: text('NUMBER', 'for how long it is good; otherwise 1'),
    },
    example: 'client registration-token --uses 5 --days 7',
    async run({ uses = '1', days = '1', json }) {
      if (![uses, days].every((one) => /^[1-9]\d{0,3}$/.test(one))) {
        throw new UsageError('client registration-token: --uses and --days are numbers')
      }
      const body = { uses: Number(uses), expires_in: Number(days) * 86_400 }
      print(await withOperator((operator) => operator<object>('POST', '/client-registration-tokens', body)), json)
    },
  }),
  delete: onClient('remove a program, and with it all its tokens and keys', 'delete', 'DELETE', ''),
})

function onClient(summary: string, verb: string, method: string, suffix: string) {
  return command({
    summary,
    arguments: ['client id'],
    example: `client ${verb} reports-job`,
    async run({ json }, id) {
      print(
        await withOperator((operator) => operator<ShownClient | { deleted: boolean }>(method, `${at(id)}${suffix}`)),
        json,
      )
    },
  })
}

/** A file of public keys. What it holds is never repeated: it may hold a private one. */
function readJwks(file: string): unknown {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandError(`--jwks-file: the file cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  try {
    return JSON.parse(content)
  } catch {
    throw new CommandError('--jwks-file: the file is not valid JSON')
  }
}
