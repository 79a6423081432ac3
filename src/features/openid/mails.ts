import type { MailDefinition } from '../../pages/mail.ts'
import type { OpenIdTexts } from './texts.ts'

export const deviceLetInMail: MailDefinition<{ program: string; at: Date; ip: string; link: string }, OpenIdTexts> = {
  about: 'A person has let in a program on another device, by the code that it shows.',
  facts: {
    program: ['what the program is called', 'Television'],
    at: ['when the device has asked', new Date('2026-11-20T08:05:00Z')],
    ip: ['the network address that it asked from', '192.0.2.7'],
    link: ['where the programs are that the person has let in', 'https://auth.example.com/grants'],
  },
  content({ openid }, { issuer, program, at, ip, link }) {
    const { subject, happened, whichOne, otherwise, open } = openid.device.mail
    return {
      subject,
      paragraphs: [`${happened(program)}\n${issuer}`, whichOne(at, ip), otherwise, { link, label: open }],
    }
  },
}

export const openidMails = { 'device-let-in': deviceLetInMail }
