import { type Child, html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'

export const upstream = {
  problems: {
    title: 'This sign-in did not work',
    toSignIn: 'To the sign-in page',
    unknown_trip: () =>
      'This took too long, was begun in another browser, or was answered already. Nobody was signed in. Please begin again.',
    unreachable: (provider: string) =>
      `${provider} does not answer right now. Try again in a moment, or sign in another way.`,
    denied: (provider: string) =>
      `You have not been signed in at ${provider}, or have not allowed that we learn of it.`,
    unknown_key: (provider: string) =>
      `${provider} has just changed the key by which it proves who you are. Please begin again.`,
    code_refused: (provider: string) => `${provider} does not know this sign-in any more. Please begin again.`,
    misconfigured: (provider: string) =>
      `${provider} does not take this service for one that it knows. Whoever runs this service has to look at that. Sign in another way until then.`,
    not_trusted: (provider: string) =>
      `The answer of ${provider} does not fit what was asked, so it counts for nothing. Please begin again. If you see this once more, tell whoever runs this service.`,
    not_allowed: (provider: string) =>
      `Your account at ${provider} may not sign in here. If you think that it should, ask whoever runs this service.`,
    level: (provider: string) =>
      `${provider} has not asked you for as strong a proof as is needed here. Set up a second factor there, and try again.`,
    age: (provider: string) =>
      `${provider} does not say that you have just proven yourself there. Sign out and in again, and go on from there.`,
    no_account: (provider: string) =>
      `Nobody has an account here that belongs to yours at ${provider}. If you have one, sign in to it in another way, and link the two on the page of your account.`,
    user_disabled: () => 'This account is disabled. Ask whoever runs this service.',
    account_changed: () => 'Your account has changed meanwhile. Please sign in again.',
    other_session: () => 'You are signed in otherwise than when you began. Please begin again.',
    other_person: (provider: string) => `This is not the account at ${provider} that belongs to you here.`,
    taken: (provider: string) => `This account at ${provider} belongs to another account here already.`,
    not_verified: () => 'Confirm the mail address of your account first. Until then nothing can be linked to it.',
    other_browser: () =>
      'This link is too old, was used already, or was opened in another browser. Open it in the browser in which you have signed in at the provider.',
    account_made: (provider: string) => `Your account is made. Sign in with ${provider} now.`,
  },
  arrival: {
    title: 'Welcome',
    who: (account: Child, provider: string) =>
      html`You have signed in at ${provider} as ${account}. There is no account here yet that belongs to it.`,
    createTitle: 'I am new here',
    create: (email: Child) => html`An account is made for ${email}.`,
    createSubmit: 'Make an account',
    confirmWhy: (provider: string) =>
      `${provider} does not say that this address is yours. We send a link to it, which shows that.`,
    confirmSubmit: 'Send the link',
    mailed: (email: Child) =>
      html`We have sent a mail to ${email}. Open the link in it in this browser, within an hour. If it does not come,
      look into the folder for spam.`,
    linkTitle: 'I have an account here',
    linkWhy: 'Sign in to it in the way that you know, and you are led back here to link the two.',
    signIn: 'Sign in to link it',
    linkAs: (name: Child, email: Child, provider: string) =>
      html`You are signed in as ${name} (${email}). From now on ${provider} signs you in to this account too.`,
    linkSubmit: 'Link the two',
    addressTaken: 'Somebody has an account with this address already. If it is yours, sign in to it and link the two.',
    addressNotAllowed: 'Addresses of this mail domain get no account here.',
    tooMany: 'Too many mails went to this address. Try again in an hour.',
  },
  confirm: {
    title: 'Confirm your address',
    why: (email: Child, provider: Child) => html`An account is made for ${email}, to which ${provider} signs you in.`,
    submit: 'Make the account',
  },
  linked: {
    title: 'Linked accounts',
    why: 'With each of these you can sign in to your account here.',
    none: 'None is linked.',
    linkedAt: (at: Child) => html`Linked on ${at}`,
    usedAt: (at: Child) => html`Last used on ${at}`,
    groups: (names: string) => `Groups: ${names}`,
    unlink: 'Unlink',
    link: (provider: string) => `Link ${provider}`,
    linkTitle: 'Link another one',
    linkWhy: 'You are led there, prove who you are, and come back.',
    lastWay: 'This is the only way in which you can sign in. Choose a password first, or link another account.',
    gone: 'This account is not linked any more.',
    done: {
      linked: 'The account is linked.',
      unlinked: 'The account is unlinked. Sessions that were begun by it have ended.',
    },
  },
  linkedMail: {
    subject: 'Another account can sign you in',
    happened: (provider: string, account: string) => `${provider} (${account}) was linked to your account at`,
    otherwise:
      'If it was not you, somebody has got into your account: unlink it, choose a new password, and end the sessions that are not yours.',
    look: 'Your linked accounts',
  },
  unlinkedMail: {
    subject: 'An account signs you in no more',
    happened: (provider: string, account: string) =>
      `${provider} (${account}) is not linked any more to your account at`,
    otherwise: 'If it was not you, ask whoever runs the service: an administrator can unlink accounts too.',
    look: 'Your linked accounts',
  },
  confirmMail: {
    subject: 'Confirm your address',
    asked: (provider: string) =>
      `Somebody, hopefully you, has signed in by ${provider} and wants to make an account with this address at`,
    open: (minutes: number) =>
      plural('en', minutes, {
        one: 'Open this link within a minute, in the browser in which you have begun:',
        other: `Open this link within ${minutes} minutes, in the browser in which you have begun:`,
      }),
    confirm: 'Confirm the address',
    otherwise: 'If it was not you, ignore this mail. Then no account is made.',
  },
  takenMail: {
    subject: 'You have an account already',
    asked: (provider: string) =>
      `Somebody, hopefully you, has signed in by ${provider} and wants to make an account with this address at`,
    instead: 'You have an account with it. Sign in to it in the way that you know, and link the two there:',
    look: 'Your linked accounts',
    otherwise: 'If it was not you, ignore this mail. Nothing has changed.',
  },
}
export interface UpstreamTexts {
  upstream: typeof upstream
}
