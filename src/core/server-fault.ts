/** What keeps a server from being used, by its code, and what to do about it; the first that fits counts. */
export type Remedies = readonly (readonly [codes: RegExp, remedy: string])[]

/** For what Node.js tells of connections and of TLS, whichever server it is. */
export const connectionRemedies: Remedies = [
  [/^ECONNREFUSED$/, 'nothing listens there; start the server, or correct host and port'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'nobody knows its host name; correct it'],
  [/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/, 'it does not answer; correct host and port, or let the network through'],
  [/ALTNAME/, 'its certificate is for another name; connect by a name that it holds'],
  [/EXPIRED|NOT_YET_VALID/, 'a certificate is not valid at this time; renew it, or set the clock'],
  [/REVOKED/, 'its certificate was revoked; replace it'],
  [
    /CERT|UNABLE_TO_(VERIFY|GET)/,
    'its certificate is not trusted; name the file of its authority in NODE_EXTRA_CA_CERTS, or in sslrootcert of the URL',
  ],
  [
    /^(ERR_SSL|ERR_OSSL|ERR_TLS|EPROTO)/,
    'it and this service do not agree on TLS; look at its versions and certificates',
  ],
]

/** What to do about a code, where somebody knows. */
export function remedyOf(code: string, ...known: readonly Remedies[]): string | undefined {
  return known.flat().find(([codes]) => codes.test(code))?.[1]
}

/** A server that cannot be used, as one line: the setting that leads to it, which is not repeated, why, and what to do. */
export function serverFault(setting: string, code: string, remedy: string | undefined): string {
  return `${setting}: the server cannot be used (${code})${remedy === undefined ? '' : `: ${remedy}`}`
}
