import { createHash, X509Certificate } from 'node:crypto'

/** Far more than a certificate of the largest keys in use has, escaped. */
const maxLength = 16_384
const delimiters = /^-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----$/

/**
 * The thumbprint (`x5t#S256`, RFC 8705 §3.1) of the one certificate that a header tells, in each way in which proxies write it: as a byte
 * sequence (RFC 9440 §2.1), as PEM that is escaped as in URLs, or as the text between the lines of a PEM. Nothing for anything else, such as
 * several of them: whichever were taken of those could be somebody else's.
 */
export function readCertificate(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string' || header.length > maxLength) return undefined
  const text = /^:([^:]*):$/.exec(header)?.[1] ?? insideOfPem(header)
  if (text === undefined) return undefined
  const der = Buffer.from(text, 'base64')
  if (der.length === 0 || der.toString('base64') !== text) return undefined
  try {
    const { raw } = new X509Certificate(der)
    return raw.equals(der) ? createHash('sha256').update(raw).digest('base64url') : undefined
  } catch {
    return undefined
  }
}

function insideOfPem(header: string): string | undefined {
  try {
    const pem = decodeURIComponent(header).trim()
    return (delimiters.exec(pem)?.[1] ?? pem).replaceAll(/[ \t\r\n]/g, '')
  } catch {
    return undefined
  }
}
