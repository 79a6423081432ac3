import { type Child, html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'

export const factors = {
  title: 'Second factor',
  why: 'Beside the password you then prove yourself with something that you have. Whoever learns your password does not get in with it alone.',
  app: 'Authenticator app',
  noApp: 'Not set up',
  aboutApp: 'An app on your phone, or a password manager, that shows a new code every half minute',
  addedAt: (at: Child) => html`Set up on ${at}`,
  usedAt: (at: Child) => html`Last used on ${at}`,
  setUp: 'Set up',
  replace: 'Set up anew',
  remove: 'Remove',
  codes: 'Recovery codes',
  codesLeft: (left: number) =>
    left === 0 ? 'None is left' : plural('en', left, { one: 'One is left', other: `${left} are left` }),
  makeCodes: 'Make new ones',
  removed: 'The authenticator app is removed. Your password alone signs you in now.',

  setUpPage: {
    title: 'Set up an authenticator app',
    enrolTitle: 'A second factor is needed',
    enrolWhy: 'Your account needs one before you can go on. Set it up now: it takes a minute.',
    scan: 'Open your authenticator app, add an account there, and scan this picture.',
    picture: 'Picture for the authenticator app',
    orType: 'If you cannot scan it, type this key into the app:',
    thenCode: 'Code that the app shows',
    codeHint: 'Six digits. It counts once you have typed the first code.',
    submit: 'Set up',
    wrongCode: (at: string) =>
      `This code is wrong. Wait for the next one, and check that the clock of your device is right: here it is ${at} (UTC).`,
    gone: 'This took too long, or was begun anew elsewhere. Scan the new picture.',
  },
  mailbox: {
    title: 'Look into your mail',
    why:
      'Whoever runs this service has taken the second factor from your account. Before you set up a new one, show that you ' +
      'read its mail: we have sent you a link. Open it in this browser.',
    notCome:
      'If it does not come within a few minutes, look into the folder for spam, or sign in again for another one.',
  },
  codesPage: {
    title: 'Your recovery codes',
    done: 'The authenticator app is set up.',
    why: 'Each of these codes works once in place of a code of the app, such as when you have lost your phone. Keep them where nobody else looks.',
    once: 'They are shown here once, and never again.',
    download: 'Save as a file',
    proceed: 'I have kept them',
    file: (service: string) => `Recovery codes for ${service}. Each works once.`,
  },
  newCodesPage: {
    title: 'Make new recovery codes?',
    why: 'The ones that you have now work no more then.',
    submit: 'Make new codes',
  },
  removePage: {
    title: 'Remove the authenticator app?',
    why: 'Your password alone signs you in then, and the recovery codes work no more. From your next sign-in on, pages that ask for a second factor do not let you in.',
    submit: 'Remove',
  },

  addedMail: {
    subject: 'A second factor was set up',
    happened: 'An authenticator app was set up for your account at',
    otherwise:
      'If it was not you, somebody knows your password and is signed in as you. Ask whoever runs the service for help at once.',
    toFactors: 'Your second factor',
  },
  removedMail: {
    subject: 'Your second factor was removed',
    happened: 'The authenticator app was removed from your account at',
    otherwise:
      'If it was not you, choose a new password at once, end the sessions that are not yours, and set the app up again.',
    toFactors: 'Your second factor',
  },
  codesMadeMail: {
    subject: 'New recovery codes were made',
    happened: 'New recovery codes were made, and the former ones work no more, for your account at',
    otherwise:
      'If it was not you, somebody is signed in as you: choose a new password at once, and end the sessions that are not yours.',
    toFactors: 'Your second factor',
  },
  codeUsedMail: {
    subject: 'A recovery code was used',
    happened: 'Somebody, hopefully you, used a recovery code in place of a code of the app, for your account at',
    left: (left: number) =>
      left === 0
        ? 'None is left now. Make new ones.'
        : plural('en', left, { one: 'One is left now. Make new ones soon.', other: `${left} are left now.` }),
    otherwise:
      'If it was not you, somebody has your password and your codes: choose a new password, and make new codes.',
    toFactors: 'Your second factor',
  },
  codesRefusedMail: {
    subject: 'Somebody knows your password',
    happened: 'Somebody has given your right password, and then too many wrong codes, for your account at',
    otherwise:
      'If it was you, wait and try again. If it was not you, nobody has got in, but somebody knows your password: choose a new one now.',
    choose: 'Choose a new password',
  },
  resetMail: {
    subject: 'Your second factor was taken away',
    happened:
      'Whoever runs the service has taken the second factor from your account, and ended every sign-in of yours, at',
    open: (hours: number) =>
      `Open this link to set up a new one. It works for ${plural('en', hours, { one: 'an hour', other: `${hours} hours` })}, together with your password:`,
    setUp: 'Set up a second factor',
    otherwise: 'If you did not ask for it, ask them why. Without your password the link opens nothing.',
  },
}
export interface FactorTexts {
  factors: typeof factors
}
