import type { MailDefinition } from '../../pages/mail.ts'
import type { SignInTexts } from './texts.ts'

/** Holds no link: whoever expects one to sign in with learns to follow those of others. */
export const newDeviceMail: MailDefinition<
  { at: Date; browser: string; system: string; ip: string; by: string },
  SignInTexts
> = {
  about: 'Somebody has signed in from a browser or program that the account did not know.',
  facts: {
    at: ['when it was', new Date('2026-11-20T08:05:00Z')],
    browser: ['the browser or program, by what it says; empty where it says nothing', 'Firefox'],
    system: ['the system, likewise', 'Linux'],
    ip: ['the network address that it came from', '192.0.2.7'],
    by: ['by what: `password`, `passkey`, or `elsewhere`, which is an account at a provider', 'password'],
  },
  content({ signIn }, { issuer, at, browser, system, ip, by }) {
    const { subject, happened, device, whichOne, whatNext } = signIn.newDeviceMail
    // Of what an earlier release has queued nobody says by what it was.
    const next = by === 'passkey' || by === 'elsewhere' ? by : 'password'
    return {
      subject,
      paragraphs: [`${happened}\n${issuer}`, whichOne(at, device(browser, system), ip), whatNext[next]],
    }
  },
}

export const lockedMail: MailDefinition<{ minutes: number }, SignInTexts> = {
  about: 'So many passwords were wrong for the account that it is locked. It is sent once a lockout.',
  facts: { minutes: ['how long strangers wait', 15] },
  content({ signIn }, { issuer, minutes }) {
    const { subject, happened, whatItMeans, whatNext } = signIn.lockedMail
    return { subject, paragraphs: [`${happened}\n${issuer}`, whatItMeans(minutes), whatNext] }
  },
}

export const signInMails = { 'new-device': newDeviceMail, 'account-locked': lockedMail }
