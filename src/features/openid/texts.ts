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
  leave: {
    title: 'Sign out?',
    asks: (program: Child) => html`${program} asks to sign you out.`,
    consequence: 'That counts for every application that you reach with this sign-in.',
    signOut: 'Sign out',
    stay: 'Stay signed in',
  },
}
export type OpenIdTexts = { openid: typeof openid }
