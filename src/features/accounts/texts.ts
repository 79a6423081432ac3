import { accountPageTexts } from './page-texts.ts'
import { type Html, html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'

export const accounts = {
  ...accountPageTexts,
  register: {
    title: 'Make an account',
    why: 'After this we send you a link by which you confirm your address and choose a password.',
    submit: 'Make an account',
    haveOne: (link: (text: string) => Html) => html`You have an account already? ${link('Sign in')}`,
    otherDomain: 'Addresses of this domain cannot register here.',
  },
  registrationClosed: {
    title: 'Accounts are by invitation',
    why: 'Nobody can make an account here by themselves. Ask whoever runs this service.',
  },
  checkYourMail: {
    title: 'Look into your mail',
    sent: 'We have sent you a mail. Open the link in it to go on. You can close this window.',
    notCome:
      'It mostly comes within a minute. If it does not, look into the folder for spam, ' +
      'and check that the address was written as it should be.',
  },
  account: {
    title: 'Your account',
    change: 'Change',
    show: 'Show',
    /** What has just been done. */
    done: {
      profile: 'Your profile is saved.',
      password: 'Your password is changed. Everywhere else you are signed out.',
      email: 'Look into the mail of the new address. It counts once you have opened the link there.',
    },
    profile: {
      title: 'Profile',
      username: 'User name',
      noUsername: 'None',
      aboutUsername: 'You may sign in with it in place of your address.',
      badUsername: 'A user name has up to 64 letters from a to z, digits, and . _ - between them.',
      usernameTaken: 'This user name is taken.',
      mailLanguage: 'Language of mails',
      anyLanguage: 'As your browser wants',
    },
    security: {
      title: 'Security',
      aboutPassword: 'What you sign in with',
      factor: 'Passkeys and second factor',
      aboutFactor: 'What you prove yourself by beside the password',
      directories: 'Accounts of directories',
      aboutDirectories: 'Those of your organisation with which you sign in here',
      linked: 'Linked accounts',
      aboutLinked: 'Accounts elsewhere that sign you in here',
      sessions: 'Sessions',
      aboutSessions: 'Where you are signed in',
      keys: 'API keys',
      aboutKeys: 'For programs that work in your name',
      grants: 'Programs with access',
      aboutGrants: 'Which you have let in by signing in',
      activity: 'Activity',
      aboutActivity: 'What has happened to your account',
    },
    data: {
      title: 'Your data',
      copy: 'A copy of your data',
      aboutCopy: 'Everything that is stored about you, as a file',
      download: 'Download',
      end: 'End of the account',
      aboutEnd: 'With all that belongs to it',
      delete: 'Delete',
    },
  },
  verifyEmail: {
    title: 'Confirm your email address',
    why: 'Choose the password that opens your account. If you have told one already, it may be that one or another.',
    passwordMissing: 'Type a password.',
  },
  emailVerified: {
    title: 'Email address confirmed',
    ready: 'Your account is ready.',
  },
  emailNotVerified: {
    title: 'This link does not work',
    why: 'It was used already, or it is more than a day old. If you have confirmed your address before, sign in.',
  },

  verificationMail: {
    subject: 'Confirm your email address',
    asked: 'Someone, hopefully you, wants to open an account with this address at',
    open: (hours: number) =>
      'Open this link to confirm the address and to say which password shall count. ' +
      `It works once, for ${plural('en', hours, { one: 'an hour', other: `${hours} hours` })}:`,
    confirm: 'Confirm the address',
    otherwise: 'If it was not you, ignore this mail: without the link there is no account.',
  },
  resetMail: {
    subject: 'Choose a new password',
    asked: 'Somebody, hopefully you, asked for a new password for your account at',
    open: (hours: number) =>
      `Open this link to choose one. It works once, for ${plural('en', hours, { one: 'an hour', other: `${hours} hours` })}:`,
    choose: 'Choose a new password',
    otherwise: 'If it was not you, there is nothing to do: your password stays as it is.',
  },
  passwordChangedMail: {
    subject: 'Your password was changed',
    changed: 'The password of your account was changed, and other sign-ins of yours were ended, at',
    otherwise: 'If it was not you, choose a new password at once:',
    choose: 'Choose a new password',
  },
  passwordSetMail: {
    subject: 'An administrator set your password',
    set: 'Whoever runs the service has set a new password for your account, and ended every sign-in of yours, at',
    otherwise: 'If you did not ask for it, ask them why. Choose a password that only you know:',
    choose: 'Choose a new password',
  },
  administratorMail: {
    subject: 'You are an administrator now',
    granted: 'Your account may administer everything from now on, at',
    otherwise:
      'If you did not expect this, ask whoever runs the service. Should somebody else know your password, choose a new one:',
    choose: 'Choose a new password',
  },
  invitationMail: {
    subject: 'You are invited to open an account',
    invited: 'You are invited to open an account at',
    open: (days: number) =>
      `Open this link to choose your name and password. It works once, for ${plural('en', days, { one: 'a day', other: `${days} days` })}:`,
    accept: 'Open the account',
    otherwise: 'If you did not expect this, ignore this mail: without the link there is no account.',
  },
  takenMail: {
    subject: 'You have an account already',
    asked: 'Someone, hopefully you, tried to open an account with this address at',
    signIn: 'There is one already. Sign in here:',
    otherwise: 'If it was not you, there is nothing to do.',
  },
  confirmedMail: {
    subject: 'Your email address is confirmed',
    asked: 'Someone, hopefully you, asked for another link to confirm this address at',
    signIn: 'It is confirmed already, and your account is ready. Sign in here:',
    otherwise: 'If it was not you, there is nothing to do.',
  },
}
export interface AccountTexts {
  accounts: typeof accounts
}
