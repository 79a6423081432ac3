export const accounts = {
  verifyEmail: {
    title: 'Confirm your email address',
    why: 'Say which password shall open your account. It may be the one that you registered with, or another one.',
    passwordHint: (least: number) => `At least ${least} characters: several words are easy to remember.`,
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
      `It works once, for ${hours} hours:`,
    confirm: 'Confirm the address',
    otherwise: 'If it was not you, ignore this mail: without the link there is no account.',
  },
  takenMail: {
    subject: 'You have an account already',
    asked: 'Someone, hopefully you, tried to open an account with this address at',
    signIn: 'There is one already. Sign in here:',
    otherwise: 'If it was not you, there is nothing to do.',
  },
}
export interface AccountTexts {
  accounts: typeof accounts
}
