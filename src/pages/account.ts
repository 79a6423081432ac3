import { type Html, html } from './html.ts'
import { layout, type Messages, messages } from './layout.ts'

/** What someone sees at the root: who they are here, and the way out. */
export function signedInPage(page: {
  name: string
  email: string
  csrfToken: string
  returnTo?: string
  notice?: Messages['notice']
}): Html {
  return layout(
    'Signed in',
    html`${messages(page)}
      <p>You are signed in as <strong>${page.name}</strong> (${page.email}).</p>
      ${page.returnTo && continueForm(page.returnTo)} ${signOutForm(page)}`,
  )
}

/** What someone sees whose sign-in is weaker than a page asks for. No way on: it would lead back here. */
export function strongerSignInPage(page: { name: string; email: string; csrfToken: string; returnTo: string }): Html {
  return layout(
    'A stronger sign-in is needed',
    html`<p>
        You are signed in as <strong>${page.name}</strong> (${page.email}). The page that you want to open asks for a
        second proof of who you are, beside the password. This service cannot take one yet.
      </p>
      ${signOutForm(page)}`,
  )
}

/** Asks whoever was sent here by an application whether to sign out; nameless where nothing but a refresh cookie is left. */
export function signOutPage(page: {
  name?: string
  email?: string
  csrfToken: string
  returnTo: string
  notice?: string | undefined
}): Html {
  return layout(
    'Sign out?',
    html`${messages(page)}
      <p>
        You are signed in${page.name && html` as <strong>${page.name}</strong> (${page.email})`}. In this browser,
        signing out ends that for every application that you reach with this sign-in.
      </p>
      ${signOutForm(page)}
      <p><a href="${page.returnTo}">Stay signed in</a></p>`,
  )
}

/** What somebody sees who wants to leave and has left already. */
export function signedOutPage(returnTo: string): Html {
  return layout(
    'Signed out',
    html`<p>You are not signed in.</p>
      <p><a role="button" href="${returnTo}">Continue</a></p>`,
  )
}

/** A form in place of a link, since it keeps the fragment of the page's address, as `signInPage` says. */
function continueForm(returnTo: string): Html {
  return html`<form method="get">
    <input type="hidden" name="return_to" value="${returnTo}" />
    <button type="submit" name="continue" value="yes">Continue</button>
  </form>`
}

function signOutForm({ csrfToken, returnTo }: { csrfToken: string; returnTo?: string }): Html {
  return html`<form method="post" action="logout">
    <input type="hidden" name="csrf_token" value="${csrfToken}" />
    ${returnTo && html`<input type="hidden" name="return_to" value="${returnTo}" />`}
    <button type="submit" class="secondary outline">Sign out</button>
  </form>`
}
