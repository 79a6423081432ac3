import { type Child, html } from '../../pages/html.ts'

export const directories = {
  title: 'Accounts of directories',
  why: 'With an account of your organisation that is connected here you can sign in to this account too.',
  directory: (name: Child) => html`Of ${name}`,
  lastUsed: (at: Child) => html`Last used on ${at}`,
  none: 'No account of a directory is connected with yours.',
  connect: 'Connect an account',
  aboutConnect:
    'Type the name and the password that you have in your organisation. From then on they open this account.',
  login: 'User name or email in the directory',
  password: 'Password in the directory',
  connected: 'The account is connected with yours.',
  disconnect: 'Disconnect',
  disconnected: 'The account is not connected with yours any more.',
  wrong: 'The name or the password is wrong.',
  taken: 'This account opens another account here already.',
  lastWay: 'You have no other way to sign in.',
  gone: 'This account is not connected with yours.',
  mustChange: 'The password has to be changed first, where it is kept.',
  ended: (directory: string) => `${directory} does not let this account sign in. Ask whoever looks after it.`,
  away: 'The directory does not answer right now. Try again in a few minutes.',

  connectedMail: {
    subject: 'Another account opens yours',
    connected: (directory: string) => `An account of ${directory} was connected with your account at`,
    whatItMeans: 'Whoever knows its password can sign in to your account from now on.',
    otherwise: 'If it was not you, sign in, disconnect it, and choose a new password.',
    signIn: 'Sign in',
  },
  elsewhereMail: {
    subject: 'Your password is kept elsewhere',
    asked: 'Somebody, probably you, has asked for a new password for your account at',
    where: (directory: string) =>
      `You sign in there with your password of ${directory}, which is changed where that is, and not here.`,
    unknown: 'Ask whoever looks after that directory how it is changed.',
    change: 'Change it there',
    otherwise: 'If it was not you, there is nothing to do.',
  },
}

export interface DirectoriesTexts {
  directories: typeof directories
}
