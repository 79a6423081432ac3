import { type Child, html } from '../../pages/html.ts'

export const openid = {
  refused: {
    title: 'This sign-in cannot go on',
    client: 'The program that has sent you here is not known. Nothing was sent to it.',
    redirect_uri:
      'The program that has sent you here wants the answer at an address that is not its own. Nothing was sent there.',
    request_uri: 'The request of the program that has sent you here was answered already, or is too old.',
    too_long: 'The request of the program that has sent you here is too long.',
    post_logout: 'The program that has sent you here wants you to be led to an address that is not its own.',
    whatNext: 'Go back to the program and try it again. If that does not help, tell whoever runs the program.',
  },
  consent: {
    title: 'Let this program in?',
    who: (program: Child, host: Child) => html`${program} (${host}) asks for access to your account.`,
    as: (email: Child) => html`You are signed in as ${email}.`,
    unverified:
      'This program is not verified by the operator of this service: it chose its name itself. Let it in only if you have just started it and know where it comes from.',
    unverifiedSite:
      'This program is not verified by the operator of this service: nobody but the address above says what it is. Let it in only if you have just started it and know this address.',
    may: 'It wants to:',
    scopes: {
      openid: 'know that it is you',
      profile: 'see your name and user name',
      email: 'see your email address',
      groups: 'see which groups you are in',
      offline_access: 'keep its access while you are not using it, until you sign out',
    },
    permission: (name: Child) => html`act for you with the permission ${name}`,
    withdraw: 'You can shut it out again at any time, in your account.',
    allow: 'Let it in',
    deny: 'Do not let it in',
    somebodyElse: 'You are signed in as somebody else now. Look again at what you agree to.',
  },
  handOver: {
    title: 'One moment',
    text: 'You are led back to the program. If nothing happens, go on yourself.',
  },
  grants: {
    title: 'Programs with access',
    why: 'You have let these programs in. Whoever you shut out has to ask you again, and all they hold for you ends at once.',
    none: 'You have let no program in.',
    since: (at: Child) => html`Last let in on ${at} (UTC)`,
    shutOut: 'Shut out',
    done: 'The program is shut out.',
    gone: 'This program was shut out already.',
  },
  device: {
    title: 'Connect a device',
    why: 'Type the code that your device shows.',
    code: 'Code of the device',
    codeHint: 'Eight letters, such as WDJB-MJHT',
    compare: 'Does your device show exactly this code? Go on only if you have the device in front of you.',
    same: 'It shows this code',
    another: 'It shows another code',
    unknown: 'No device waits with this code. Look at it again; a code is good for ten minutes.',
    tooManyTries: 'Too many codes were tried. Wait a few minutes.',
    over: 'This code is over: it was used, or it is older than ten minutes. Have your device show a new one.',
    letIn: {
      title: 'Let this device in?',
      who: (program: Child) => html`${program} asks for access to your account, on another device.`,
      asked: (at: Child, ip: string) => html`The device asked on ${at}, from the network address ${ip}.`,
      shows: (code: Child) => html`It shows the code ${code}.`,
      elsewhere: (ip: string, own: string) =>
        `The device is in another network than you: it asked from ${ip}, and you are at ${own}. If somebody has sent you the code, do not let it in.`,
      careful: 'Let it in only if you have started this yourself, just now. Nobody else needs a code of you.',
      offline: 'stay signed in on the device, until you end its session or shut it out',
    },
    decided: {
      allowed: {
        title: 'The device is let in',
        text: 'Go back to your device: it goes on by itself. You can close this window.',
      },
      denied: { title: 'The device is not let in', text: 'It gets nothing. You can close this window.' },
      grants: 'Programs with access',
    },
    mail: {
      subject: 'A device was let in to your account',
      happened: (program: string) => `You have let a device with the program "${program}" in to your account at`,
      whichOne: (at: Date, ip: string) =>
        `It asked on ${at.toISOString().slice(0, 16).replace('T', ' at ')} UTC from the network address ${ip}.`,
      otherwise: 'If that was not you, shut the program out here, and choose a new password:',
      open: 'Programs with access',
    },
  },
  leave: {
    title: 'Sign out?',
    asks: (program: Child) => html`${program} asks to sign you out.`,
    consequence: 'That counts for every application that you reach with this sign-in.',
    signOut: 'Sign out',
    stay: 'Stay signed in',
  },
}
export type OpenIdTexts = { openid: typeof openid }
