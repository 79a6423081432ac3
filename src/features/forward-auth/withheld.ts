import type { IncomingMessage } from 'node:http'
import { holdsApiKey, isOwnBearer } from './credential-forms.ts'
import type { CredentialKind, HostRules } from './settings.ts'

/** The headers in which credentials come. */
export const credentialHeaders = ['Cookie', 'Authorization', 'X-API-Key'] as const
export type CredentialHeader = (typeof credentialHeaders)[number]

/** What is kept from an upstream. */
export interface Withholding {
  /** The headers that it gets from the answer, with what is left in them. */
  readonly headers: readonly CredentialHeader[]
  /** The credentials that count on its host. */
  readonly kinds: readonly CredentialKind[]
}

/** The headers that the upstream of a host gets from the answer; none where it gets what was sent. */
export function withheldHeaders({ forward, authorization }: HostRules): readonly CredentialHeader[] {
  if (forward !== 'never') return []
  // Where the assertion stands in its place, nothing of it is left anyway.
  return credentialHeaders.filter((name) => name !== 'Authorization' || authorization !== 'assertion')
}

/**
 * What is left for the upstream: flat name-value pairs, each of the headers once and in one line, empty where nothing is left.
 * What is not ours by its name or form stays byte for byte.
 */
export type WhatIsLeft = (request: IncomingMessage, withholding: Withholding) => readonly string[]

export function createWhatIsLeft(service: {
  /** The names of the service's own cookies. */
  cookieNames: readonly string[]
  issuer: string
}): WhatIsLeft {
  const ownCookies = cookiesOf(service.cookieNames)
  const left: Record<CredentialHeader, (request: IncomingMessage, kinds: readonly CredentialKind[]) => string> = {
    // Browsers send cookies unasked, so they go whether or not a session counts, and whoever may pass.
    Cookie: ({ headers }) => withoutCookies(headers.cookie ?? '', ownCookies),
    Authorization: ({ headersDistinct }, kinds) =>
      leftOf(headersDistinct['authorization'], (value) => isOwnAuthorization(value, kinds, service.issuer)),
    'X-API-Key': ({ headersDistinct }, kinds) =>
      leftOf(headersDistinct['x-api-key'], (value) => kinds.includes('api-key') && holdsApiKey(value)),
  }
  return (request, { headers, kinds }) => headers.flatMap((name) => [name, left[name](request, kinds)])
}

/** RFC 9110 §5.2: repeated lines say what one line says in which they are joined. */
function leftOf(values: readonly string[] = [], isOwn: (value: string) => boolean): string {
  return values.filter((value) => !isOwn(value)).join(', ')
}

/** Also where proxies joined several lines in one. */
const schemes = { bearer: /(?:^|,)\s*(?:bearer|dpop)\s/i, basic: /(?:^|,)\s*basic\s/i }

/** Nothing in the form of Basic tells whose it is: where it counts, it is ours. */
function isOwnAuthorization(value: string, kinds: readonly CredentialKind[], issuer: string): boolean {
  if (kinds.includes('basic') && schemes.basic.test(value)) return true
  return kinds.includes('bearer') && schemes.bearer.test(value) && isOwnBearer(value, issuer)
}

/** A comma comes from proxies that join several lines by it: what stands behind is not told from the value, and goes with it. */
const cookiesOf = (names: readonly string[]): RegExp => {
  const any = names.map((name) => name.replaceAll(/\W/g, '\\$&')).join('|')
  return new RegExp(`(?:^|[;,])[ \\t]*(?:${any})[ \\t]*=[^;]*`, 'g')
}

function withoutCookies(header: string, own: RegExp): string {
  const left = header.replace(own, '')
  return left.length === header.length ? header : left.replace(/^;[ \t]*/, '')
}
