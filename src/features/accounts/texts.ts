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
}
export interface AccountTexts {
  accounts: typeof accounts
}
