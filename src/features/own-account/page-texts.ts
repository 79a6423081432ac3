import { type Child, html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'

/** What the pages say on which people change what opens their account, or end it. */
export const ownAccountPageTexts = {
  presentPassword: 'Present password',
  wrongPassword: 'The password is wrong.',
  otherDomain: 'Addresses of this domain cannot be used here.',
  tooManyFailures: 'Too many failed tries. Wait a few minutes and try again.',

  changePassword: {
    title: 'Change your password',
    why: 'Everywhere else that you are signed in, you are signed out.',
    fresh: 'New password',
    endApiKeys: (count: number) =>
      plural('en', count, { one: 'End your API key too', other: `End your ${count} API keys too` }),
  },
  passwordElsewhere: {
    title: 'Your password is kept elsewhere',
    why: (directory: Child) => html`You sign in with your password of ${directory}. It is changed there, not here.`,
    open: 'Change it there',
    unknown: 'Ask whoever looks after that directory how it is changed.',
  },
  changeEmail: {
    title: 'Change your email address',
    why: (email: Child) =>
      html`It is ${email} now. We send a link to the new address, which counts once you have opened it, and tell the
      present one.`,
    fresh: 'New email address',
    same: 'This is the address of your account already.',
  },
  confirmEmail: {
    title: 'Confirm your new address',
    why: (email: Child) => html`From now on you sign in with ${email}.`,
    submit: 'Confirm the address',
  },
  undoEmail: {
    title: 'Keep your address?',
    stop: (email: Child) =>
      html`Somebody asked for another address for the account of ${email}. Was it not you? Stop it here.`,
    takeBack: (email: Child) =>
      html`The account of ${email} has got another address. Was it not you? Take it back here: every sign-in and every
      newer API key ends, and we mail you a link to a new password.`,
    submit: 'It was not me',
  },
  linkDone: {
    confirmed: { title: 'Address confirmed', text: 'Sign in with it from now on.' },
    stopped: { title: 'Change stopped', text: 'The account keeps its address. Choose a new password, to be safe.' },
    taken_back: {
      title: 'Address taken back',
      text: 'The account has its former address again. Look into your mail: the link there leads to a new password.',
    },
  },
  linkUseless: {
    title: 'This link does not work any more',
    why: 'It was used already, it is too old, or another one has taken its place.',
  },

  deleteAccount: {
    title: 'Delete your account',
    why: 'You are signed out everywhere at once, and your API keys end.',
    ends: (days: number) =>
      days === 0
        ? 'The account goes at once, with all that belongs to it. It cannot come back.'
        : `${plural('en', days, { one: 'For one day', other: `For ${days} days` })} you can sign in and keep it. ` +
          'After that it goes for good, with all that belongs to it.',
    submit: 'Delete the account',
    endsTitle: 'Your account ends',
    endsOn: (at: Child) => html`It goes for good on ${at}. Until then, sign in to keep it.`,
    gone: 'It is gone, with all that belonged to it.',
  },
  exportAccount: {
    title: 'A copy of your data',
    why: 'Everything that is stored about you, as a file (JSON). We tell you of it by mail.',
    submit: 'Download',
  },
}
