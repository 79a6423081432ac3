import { type Child, html } from '../../pages/html.ts'

export const otherDomains = {
  title: 'This sign-in cannot be finished',
  text: 'The way back to the application is good once, for half a minute, and in the browser that began it. If it happens again, the browser keeps no cookies for the application.',
  again: (host: Child) => html`Try again at ${host}`,
}
export type OtherDomainsTexts = { otherDomains: typeof otherDomains }
