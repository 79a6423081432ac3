import { type Child, type Html, html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'

/** Made when it is said: the first of a process takes long. */
const moment = {
  format: (instant: Date) =>
    new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(instant),
}

export const signIn = {
  /** What somebody signs in with. */
  login: 'Email or user name',
  noLogin: 'Type an email address or a user name.',
  title: 'Sign in',
  signedInTitle: 'Signed in',
  signedInAs: (name: Child, email: Child) => html`You are signed in as ${name} (${email}).`,
  signOut: 'Sign out',
  noPassword: 'Type your password. Only with an address of your organisation you can leave it empty.',
  /** At the password, where some addresses lead to a provider. */
  byAddress: 'Leave it empty if your organisation signs you in.',
  byProvider: (provider: string) => `Sign in with ${provider}`,
  remember: 'Stay signed in on this device',
  recover: 'Forgot your password?',
  register: (link: (text: string) => Html) => html`No account yet? ${link('Make one')}`,

  applications: {
    title: 'Your applications',
    none: 'There is no application here that you may open. Ask whoever runs this service.',
  },

  passkey: {
    use: 'Use a passkey',
    failed: 'No passkey was used. Try again, or go on without one.',
    refused: 'This passkey was not accepted. If you have removed it here, remove it from your device too.',
    missing: 'This browser has no passkeys, or scripts are turned off in it.',
  },

  hasNotArrived: 'Your sign-in had ended, so what you just sent has not arrived. Sign in, then send it again.',
  tooManyFailures: 'Too many failed tries. Wait a few minutes and try again.',
  wrongPassword: 'The password is wrong.',
  ended: 'Your organisation does not let this account sign in. Ask whoever looks after it there.',
  notAdmitted:
    'Your password was right, but no account could be made for you here. If you have one already, sign in with its own ' +
    'password and connect the two; otherwise ask whoever runs this service.',
  directoryAway: 'Signing in with this account is not possible right now. Try again in a few minutes.',
  mustChange: {
    title: 'Your password has to be changed',
    why: (directory: Child) =>
      html`Your password of ${directory} was right, but it has expired, or was given to you to be changed. Change it
      there, then sign in with the new one.`,
    open: 'Change it there',
    unknown: 'Ask whoever looks after your account there how it is changed.',
  },

  newDeviceMail: {
    subject: 'A new sign-in to your account',
    happened: 'Somebody has signed in to your account from a device that it has not seen before, at',
    device: (browser: string, system: string) =>
      [browser, system].filter(Boolean).join(' on ') || 'a program that does not say what it is',
    whichOne: (at: Date, device: string, ip: string) =>
      `It was on ${at.toISOString().slice(0, 16).replace('T', ' at ')} UTC with ${device}, from the address ${ip}.`,
    whatNext: {
      password:
        'If it was you, there is nothing to do. If it was not you, somebody knows your password: sign in as you always do, ' +
        'choose a new password, and end the sessions that are not yours.',
      passkey:
        'If it was you, there is nothing to do. If it was not you, somebody can use a passkey of yours: sign in as you always do, ' +
        'remove the passkeys that you do not know or have no more, and end the sessions that are not yours.',
      elsewhere:
        'If it was you, there is nothing to do. If it was not you, somebody can use the account elsewhere by which you sign in: ' +
        'choose a new password there, sign in as you always do, and end the sessions that are not yours.',
    },
  },
  lockedMail: {
    subject: 'Too many wrong passwords for your account',
    happened: 'Somebody has typed too many wrong passwords for your account at',
    whatItMeans: (minutes: number) =>
      `So for about ${plural('en', minutes, { one: 'a minute', other: `${minutes} minutes` })} it takes none from a browser that it does not know, not even the right one. ` +
      'In a browser in which you have signed in before you can go on as usual.',
    whatNext:
      'If it was you, wait and try again. If it was not you, nobody has got in, and there is nothing to do: but choose ' +
      'another password if yours is short, or if you use it elsewhere too. Whoever runs the service can end the wait.',
  },
  keep: {
    title: 'Keep the account?',
    why: (at: Date) => `This account will be deleted for good on ${moment.format(at)}, as was asked for (UTC).`,
    keep: 'Keep the account',
  },

  stronger: {
    title: 'A stronger sign-in is needed',
    why:
      'The page that you want to open asks for a second proof of who you are, beside the password, and your account has ' +
      'none yet. You go on there once you have set one up.',
    setUp: 'Set up a second factor',
  },

  secondFactor: {
    title: 'Enter your code',
    /** Of whoever has a passkey and no app. */
    passkeyTitle: 'Use your passkey',
    why: (email: Child) => html`The password was right. Now prove with your second factor that you are ${email}.`,
    code: 'Code of your authenticator app',
    codeHint: 'Six digits, which change every half minute.',
    recoveryCode: 'Recovery code',
    recoveryHint: 'One of those that you kept when you set up your second factor. Each works once.',
    useRecovery: 'Use a recovery code instead',
    useApp: 'Use the authenticator app instead',
    rememberDevice: (days: number) =>
      plural('en', days, {
        one: 'Do not ask for a code in this browser for a day',
        other: `Do not ask for a code in this browser for ${days} days`,
      }),
    wrongCode: (at: string) =>
      `This code is wrong, or was used already. Wait for the next one. If that is wrong too, check that the clock of your device is right: here it is ${at} (UTC).`,
    wrongRecoveryCode: 'This recovery code is wrong, or was used already.',
  },

  stepUp: {
    title: 'Confirm that it is you',
    why: (email: Child) => html`What comes next needs your password once more. You are signed in as ${email}.`,
    whyCode: (email: Child) =>
      html`What comes next needs a code of your authenticator app. You are signed in as ${email}.`,
    whyPasskey: (email: Child) => html`What comes next needs your passkey. You are signed in as ${email}.`,
    whyElsewhere: (email: Child) =>
      html`What comes next needs that you prove once more who you are. You are signed in as ${email}.`,
    byProvider: (provider: string) => `Confirm with ${provider}`,
    signOutInstead: 'Sign out instead',
  },

  leave: {
    title: 'Sign out?',
    signedIn: 'You are signed in.',
    consequence: 'In this browser, signing out ends that for every application that you reach with this sign-in.',
    staySignedIn: 'Stay signed in',
  },
  left: {
    title: 'Signed out',
    notSignedIn: 'You are not signed in.',
  },

  /** Of a right password, after which the browser has not kept the cookie. */
  cookiesOff: (site: string) =>
    'Your password was right, but your browser has kept no cookie, without which nobody stays signed in. Allow cookies for ' +
    `${site} in the settings of your browser, and sign in once more.`,
  /** Of several cookies under one name. */
  severalCookies: (names: readonly string[], site: string) =>
    `Your browser holds several different cookies of the name ${names.join(' and of the name ')}. Another installation, an ` +
    'earlier setting or a neighbouring site has left them, and your browser does not say which one is yours. Sign in as ' +
    'usual: this service will go by the new cookie. If you are led here again right after that, delete the cookies of ' +
    `${site} in the settings of your browser, and sign in once more.`,
  /** Of a host that nobody is led back to, for the scheme that its proxy has told. */
  wrongScheme: ({ host, own, other }: { host: string; own: string; other: string }) =>
    `You will not be led back to ${host}: its address was told with ${other}, and this sign-in is on ${own}. When you are ` +
    `signed in, open the page that you wanted once more. If you run this service: make the proxy of ${host} tell the ` +
    `scheme that browsers use (X-Forwarded-Proto: ${own}). The command "gatehouse doctor" shows what it tells.`,
  /** Of a host that never learns of the sign-in. */
  outOfReach: (host: string, reach: string) =>
    `Your sign-in does not reach ${host}, which may send you here again: browsers show it to ${reach} alone. If you run this ` +
    `service: set GATEHOUSE_COOKIE_DOMAIN to a domain that ${host} and this page are both in.`,
  reachOfDomain: (domain: string) => `${domain} and the hosts below it`,
}
export interface SignInTexts {
  signIn: typeof signIn
}
