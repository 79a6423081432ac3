import { type Html, html } from '../../pages/html.ts'

export const forwardAuth = {
  forbidden: {
    title: 'Not allowed',
    notAllowed: 'You are signed in, but your account may not open this page.',
    asSomeoneElse: (link: (text: string) => Html) =>
      html`To sign in as someone else, sign out in ${link('your account')} first.`,
  },
}
export interface ForwardAuthTexts {
  forwardAuth: typeof forwardAuth
}
