import { plural } from '../../pages/times.ts'
import { ownAccountPageTexts } from './page-texts.ts'

/** Made when it is said: the first of a process takes long. */
const moment = {
  format: (instant: Date) =>
    new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(instant),
}

const hoursOf = (hours: number) => plural('en', hours, { one: 'an hour', other: `${hours} hours` })

export const ownAccount = {
  ...ownAccountPageTexts,
  keep: {
    keptTitle: 'Your account stays',
    kept: 'Sign in to go on as before. API keys that you had have ended.',
    notKeptTitle: 'The account was not kept',
    notKept: 'Too much time has passed since you signed in, or it was kept already. Sign in once more.',
  },

  confirmEmailMail: {
    subject: 'Confirm your new address',
    asked: 'Somebody, hopefully you, wants to use this address for their account at',
    open: (hours: number) => `Open this link to confirm it. It works once, for ${hoursOf(hours)}:`,
    confirm: 'Confirm the address',
    otherwise: 'If it was not you, ignore this mail: nothing changes without the link.',
  },
  emailChangeRequestedMail: {
    subject: 'Your address is about to change',
    asked: 'Somebody, hopefully you, asked for another mail address for your account at',
    later: 'It counts as soon as it is confirmed from its own mailbox. Until then nothing changes.',
    otherwise: 'If it was not you, stop it with this link, and choose a new password:',
    stop: 'Stop the change',
  },
  emailChangedMail: {
    subject: 'Your address was changed',
    changed: 'This is no longer the mail address of your account at',
    otherwise: (hours: number) =>
      `If it was not you, take the account back with this link. It works for ${hoursOf(hours)}, ends every sign-in, ` +
      'and you will get a mail to choose a new password:',
    takeBack: 'Take the account back',
  },
  emailTakenBackMail: {
    subject: 'Choose a new password',
    back: 'Your account has this address again. Every sign-in and every newer API key was ended, at',
    choose: (hours: number) =>
      `Whoever changed it may know your password. Choose a new one now; the link works once, for ${hoursOf(hours)}:`,
    newPassword: 'Choose a new password',
  },
  deletionRequestedMail: {
    subject: 'Your account will be deleted',
    asked: 'Somebody, hopefully you, asked for the deletion of your account at',
    until: (until: Date) =>
      `Every sign-in and every API key has ended. The account goes for good on ${moment.format(until)} (UTC). Until then, sign in to keep it:`,
    signIn: 'Keep the account',
    otherwise: 'If it was not you, sign in, keep the account, and choose a new password.',
  },
  accountKeptMail: {
    subject: 'Your account stays',
    kept: 'The deletion of your account was taken back, at',
    otherwise: 'If it was not you, choose a new password:',
    signIn: 'Sign in',
  },
  accountExportedMail: {
    subject: 'A copy of your data was taken out',
    exported: 'Somebody, hopefully you, took out a copy of all that is stored about your account at',
    otherwise: 'If it was not you, choose a new password, which ends every sign-in:',
    account: 'Your account',
  },
}
export interface OwnAccountTexts {
  ownAccount: typeof ownAccount
}
