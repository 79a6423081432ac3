/** The text that a mail program shows of a mail. */
export function readMail(mail: string): string {
  const text = mail.slice(mail.indexOf('\r\n\r\n') + 4)
  if (!/^content-transfer-encoding: quoted-printable/im.test(mail)) return text
  const bytes = text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** The token of the link by which a mail confirms an address at this issuer. */
export function linkTokenIn(mail: string, issuer: string): string {
  const token = /^[\w-]+/.exec(readMail(mail).split(`${issuer}/verify-email?token=`)[1] ?? '')?.[0]
  if (token === undefined) throw new Error(`no link in: ${mail}`)
  return token
}
