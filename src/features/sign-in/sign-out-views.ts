import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import { type Person, signOutForm } from './person-views.ts'

/** Asks whoever was sent here by an application whether to sign out; nameless where nothing but a refresh cookie is left. */
export function signOutPage(page: Partial<Person> & Messages & { csrfToken: string; returnTo: string }): Html {
  return layout(
    'Sign out?',
    html`${messages(page)}
      <p>
        You are signed in${page.name && html` as <strong>${page.name}</strong> (${page.email})`}. In this browser,
        signing out ends that for every application that you reach with this sign-in.
      </p>
      ${signOutForm('Sign out', page)}
      <p><a href="${page.returnTo}">Stay signed in</a></p>`,
  )
}

/** What somebody sees who wants to leave and has left already. */
export function signedOutPage({ returnTo }: { returnTo: string }): Html {
  return layout(
    'Signed out',
    html`<p>You are not signed in.</p>
      <p><a role="button" href="${returnTo}">Continue</a></p>`,
  )
}
