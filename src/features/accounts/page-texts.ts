import { plural } from '../../pages/times.ts'

/** What the pages say by which somebody comes to a password. */
export const accountPageTexts = {
  /** Asks for a link by mail; by the page where that is done. */
  linkRequests: {
    'forgot-password': {
      title: 'Forgot your password?',
      why: 'We mail you a link by which you choose a new one.',
    },
    'resend-verification': {
      title: 'Another link',
      why: 'You have asked for an account, and the link of its mail is lost or too old? We mail you a new one.',
    },
  },
  linkRequest: { submit: 'Send the link', again: 'Ask for another link' },
  resetPassword: {
    title: 'Choose a new password',
    why: 'Everywhere that you are signed in, you are signed out.',
    endApiKeys: 'End my API keys too: programs that use them are refused',
    submit: 'Save the password',
    doneTitle: 'Your password is changed',
    done: 'Sign in with it. You are signed out everywhere.',
    endedApiKeys: (ended: number) =>
      ended === 0
        ? 'There was no API key to end.'
        : plural('en', ended, { one: 'Your API key was ended.', other: `${ended} API keys were ended.` }),
  },
  invitation: {
    title: 'You are invited',
    why: 'Say how you are called, and choose the password that opens your account.',
    submit: 'Make the account',
    doneTitle: 'Your account is ready',
    done: 'Sign in with your address and your password.',
    gone: 'What this invitation was for is not there any more. Ask whoever invited you for another one.',
  },
  linkUseless: {
    title: 'This link does not work any more',
    why: 'It was used already, it is too old, or another one has taken its place.',
  },
}
