import type { Service } from './service.ts'

/** The parts of a mail, without their encoding: its text as a mail program shows it, and its HTML. */
export function partsOf(mail: string): { text: string; html: string } {
  const [, boundary] = /boundary="([^"]+)"/.exec(mail)!
  const [, text = '', html = ''] = mail.split(`--${boundary}`)
  return { text: decoded(text), html: decoded(html) }
}

/** The text that a mail program shows of a mail. */
export const readMail = (mail: string) => partsOf(mail).text

function decoded(part: string): string {
  const text = part.slice(part.indexOf('\r\n\r\n') + 4)
  if (!/^content-transfer-encoding: quoted-printable/im.test(part)) return text
  const bytes = text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** The token of the link to a page of this issuer in a mail. */
export const linkIn = (mail: string, issuer: string, page: string): string | undefined =>
  /^[\w-]+/.exec(readMail(mail).split(`${issuer}/${page}?token=`)[1] ?? '')?.[0]

/** The token of the link by which a mail confirms an address at this issuer. */
export function linkTokenIn(mail: string, issuer: string): string {
  const token = /^[\w-]+/.exec(readMail(mail).split(`${issuer}/verify-email?token=`)[1] ?? '')?.[0]
  if (token === undefined) throw new Error(`no link in: ${mail}`)
  return token
}

/** The mails to an address, oldest first. */
export const mailsTo = async (service: Pick<Service, 'mails'>, email: string): Promise<string[]> =>
  (await service.mails()).filter((mail) => mail.includes(`To: ${email}`))

/** The token of a link to a page in the mails to an address: the newest, unless `index` says which. */
export async function tokenOf(
  service: Pick<Service, 'mails' | 'issuer'>,
  email: string,
  page: string,
  index = -1,
): Promise<string> {
  const links = (await mailsTo(service, email)).flatMap((mail) => linkIn(mail, service.issuer, page) ?? [])
  const token = links.at(index)
  if (token === undefined) throw new Error(`no link of ${page} to ${email}`)
  return token
}
