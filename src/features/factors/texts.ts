import { type Child, html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'

export const factors = {
  title: 'Passkeys and second factor',
  why: 'A passkey signs you in without a password. With a passkey or an app nobody gets in who has learned your password alone.',
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
  removed: 'The authenticator app is removed.',

  passkeys: {
    title: 'Passkeys',
    none: 'You have none yet. A passkey is kept by your device, your password manager or a security key, and opens with your fingerprint, your face or a PIN.',
    add: 'Add a passkey',
    addedAt: (at: Child) => html`Added on ${at}`,
    neverUsed: 'Not used yet',
    isSynced: 'Synced between your devices',
    mayBeSynced: 'Not synced yet',
    isBound: 'On one device alone',
    rename: 'Rename',
    done: {
      added: 'The passkey is added.',
      renamed: 'The passkey has another name.',
      removed: 'The passkey is removed. If your device still offers it, remove it there too.',
    },
  },
  addPasskeyPage: {
    title: 'Add a passkey',
    why: 'Your browser asks where the passkey shall be kept, and whether it is you.',
    nameHint: 'By which you tell your passkeys apart.',
    submit: 'Add a passkey',
    /** Of a browser that has none, or in which scripts are turned off. */
    missing: 'This browser cannot make passkeys, or scripts are turned off in it.',
    failed: 'No passkey was made. Try again.',
    known: 'There is a passkey of yours on this device or security key already.',
    tooMany: 'You have as many passkeys as you can have. Remove one first.',
    refused: 'This passkey was not accepted. Try again.',
  },
  enrolPasskey: {
    title: 'Or use a passkey',
    why: 'With your fingerprint, your face, a PIN or a security key. Next time it signs you in without your password.',
  },
  renamePasskeyPage: { title: 'Rename the passkey' },
  removePasskeyPage: {
    title: 'Remove the passkey?',
    why: (name: Child) => html`${name} signs you in no more then.`,
    whyLast:
      'You have no other passkey and no app: your password alone signs you in then, and the recovery codes work no more. From your next sign-in on, pages that ask for a second factor do not let you in.',
    submit: 'Remove',
  },

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
    why: 'Each of these codes works once in place of your second factor, such as when you have lost your phone. Keep them where nobody else looks.',
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
    whyWithPasskeys: 'You then prove yourself with your passkeys alone. The recovery codes go on working.',
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
  passkeyAddedMail: {
    subject: 'A passkey was added',
    happened: (name: string) => `The passkey “${name}” was added, with which one signs in to your account at`,
    otherwise:
      'If it was not you, somebody is signed in as you: remove the passkey at once, choose a new password, and end the sessions that are not yours.',
    toFactors: 'Your passkeys',
  },
  passkeyRemovedMail: {
    subject: 'A passkey was removed',
    happened: (name: string) => `The passkey “${name}” was removed from your account at`,
    otherwise:
      'If it was not you, somebody is signed in as you: choose a new password at once, end the sessions that are not yours, and add the passkey again.',
    toFactors: 'Your passkeys',
  },
  passkeyCopiedMail: {
    subject: 'A passkey may have been copied',
    happened: (name: string) =>
      `Somebody was refused who has signed in with the passkey “${name}”: it, or a copy of it, had been used before. It is of your account at`,
    otherwise:
      'Remove this passkey, and add a new one. If you have used it on one device alone, somebody else may have a copy of it.',
    toFactors: 'Your passkeys',
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
