import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { isThisMachine } from './network.ts'
import { decoded, faultOfCredentials, hostOf, type TlsFiles, tlsFilesOf, tlsWords, wordsAfter } from './server-url.ts'

/** What an SMTP_URL says. */
export interface SmtpAddress {
  /** An address, or a name in A-labels. */
  readonly host: string
  readonly port: number
  /** By whom mails are handed in; absent: by nobody in particular. */
  readonly credentials: { readonly user: string; readonly password: string } | undefined
  /**
   * `implicit`: TLS from the first byte. `starttls`: clear until the server has taken STARTTLS, which is used where it is
   * offered. `never`: clear, whatever is offered.
   */
  readonly security: 'implicit' | 'starttls' | 'never'
  readonly tls: TlsFiles
  /** How the service calls itself in EHLO. */
  readonly name: string | undefined
}

export type ReadSmtpUrl = { kind: 'read'; address: SmtpAddress } | { kind: 'faulty'; faults: string[] }

const words = {
  ...tlsWords,
  name: { expected: 'the host name by which the service greets', accepts: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i },
  starttls: { expected: 'never', accepts: /^never$/ },
}

const inFile = 'leave it out: TLS is required unless mail.require_tls in gatehouse.yaml says otherwise'
const byScheme = 'leave it out: smtps:// begins with TLS, smtp:// with STARTTLS'
const trusted = 'leave it out: a certificate is always checked; name its authority in sslrootcert'

/** What mail libraries read from such a URL, each with what to do instead. */
const instead: Record<string, string> = {
  requireTLS: inFile,
  ignoreTLS: inFile,
  opportunisticTLS: inFile,
  secure: byScheme,
  secured: byScheme,
  'tls.rejectUnauthorized': trusted,
  'tls.ca': trusted,
  'tls.servername': 'leave it out, and connect by a name that the certificate holds',
}

/** Reads an `smtp://` or `smtps://` URL. Faults name what is expected; they hold no value. */
export function readSmtpUrl(text: string): ReadSmtpUrl {
  const faults: string[] = []
  const say = (reason: string) => faults.push(`SMTP_URL: ${reason}`)
  const fault = faultOfCredentials(text)
  if (fault !== undefined) say(fault)
  else if (!/^smtps?:\/\/[^/?]/i.test(text) || !URL.canParse(text)) say('expected an smtp:// or smtps:// URL')
  if (faults.length > 0) return { kind: 'faulty', faults }

  const url = new URL(text)
  const isImplicit = url.protocol === 'smtps:'
  const given = wordsAfter(text, words, { kind: 'an SMTP', say, instead })
  const tls = tlsFilesOf(given, say)
  if (given.starttls !== undefined && isImplicit) say('starttls: it is for smtp:// alone')
  if (!/^\/?$/.test(url.pathname)) say('expected nothing after the host but a port and words, as in smtp://host:587')
  if (url.port === '0') say('expected a port from 1 to 65535')
  if (url.port === '465' && !isImplicit) say('expected smtps:// for port 465, which begins with TLS')
  const name = hostOf(url)
  const host = isIP(name) === 0 ? domainToASCII(name) : name
  if (host === '') say('expected a host name or an address after the scheme')
  const [user, password] = [decoded(url.username)!, decoded(url.password)!]
  if ((user === '') !== (password === '')) say('expected a user with its password, or neither')
  if (faults.length > 0) return { kind: 'faulty', faults }
  return {
    kind: 'read',
    address: {
      host,
      port: Number(url.port || (isImplicit ? 465 : 587)),
      credentials: user === '' ? undefined : { user, password },
      security: isImplicit ? 'implicit' : given.starttls === undefined ? 'starttls' : 'never',
      tls,
      name: given.name,
    },
  }
}

/**
 * Whether a mail goes to this server over TLS or not at all: `required`, what `mail.require_tls` says, counts everywhere but
 * on this machine.
 */
export function needsTls({ host }: SmtpAddress, required: boolean): boolean {
  return required && !isThisMachine(host)
}

/** What in the URL cannot be kept to beside `mail.require_tls`. */
export function faultsBeside(address: SmtpAddress, required: boolean): string[] {
  return address.security === 'never' && needsTls(address, required)
    ? ['SMTP_URL: starttls: never goes with mail.require_tls: false, or with a server on this machine']
    : []
}
