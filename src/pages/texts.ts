import { emailFaultWords } from '../core/email.ts'
import { type ErrorCode, errorCodes, errorTable } from '../core/errors.ts'
import { defaultPolicy, passwordFaultWords } from '../core/password-policy.ts'
import { type Child, html } from './html.ts'

const errors = Object.fromEntries(errorCodes.map((code) => [code, errorTable[code].title])) as Record<ErrorCode, string>

/** A sentence for each of several words. */
function sentences<Key extends string>(words: Record<Key, string>, sentence: (words: string) => string) {
  const entries = Object.entries<string>(words).map(([key, said]) => [key, sentence(said)])
  return Object.fromEntries(entries) as Record<Key, string>
}

/** What pages of every feature say, in English. */
export const kit = {
  /** What a person chooses at the foot of each page. */
  language: 'Language',
  /** What an operator tells more of, at the foot of each page. */
  links: { help: 'Help', privacy: 'Privacy', imprint: 'Imprint' },
  /** The ways through the pages of somebody who is signed in. */
  ways: { label: 'Main menu', applications: 'Applications', account: 'Account', signOut: 'Sign out' },
  name: 'Name',
  nameFault: 'The name must have 1 to 200 characters, all of them visible.',
  email: 'Email',
  password: 'Password',
  signIn: 'Sign in',
  confirm: 'Confirm',
  proceed: 'Continue',
  /** Which service has sent somebody here. */
  toContinue: (service: Child) => html`to continue to ${service}`,
  save: 'Save',
  cancel: 'Cancel',
  back: 'Back to your account',
  toSignIn: 'To the sign-in page',
  /** Above a form whose fields say what is wrong with them. */
  markedBelow: 'Please look again at what is marked below.',

  /** What could not be done, by the code of the error. */
  errors,
  emailFaults: sentences(emailFaultWords, (fault) => `The email address ${fault}.`),
  newPassword: {
    hint: (least: number) => `At least ${least} characters: several words are easy to remember.`,
    fits: 'This password can be used.',
  },
  showPassword: { show: 'Show password', hide: 'Hide password' },
  passwordFaults: {
    ...sentences(passwordFaultWords(defaultPolicy), (fault) => `The password ${fault}.`),
    too_short: (least: number) => `The password must have at least ${least} characters.`,
    too_long: (most: number) => `The password must have at most ${most} characters.`,
  },

  outdatedForm: 'This page had been open for a while. Please send it once more.',
  unprovenForm:
    'Your browser did not say where this was sent from. Please send it once more. ' +
    'If you see this again, allow cookies for this site.',

  notFound: {
    title: 'Page not found',
    text: 'There is no page at this address. It may be mistyped, or from an older link.',
    home: 'To the start page',
  },
  problemTitle: 'This did not work',
  tryAgain: 'Try again',
  /** Behind what a limit or an outage says. */
  tryAgainSoon: 'Try again in a moment.',
  request: (id: string) => `Request ${id}`,
}
export interface KitTexts {
  kit: typeof kit
}
