import { field, hiddenFields } from '../../pages/fields.ts'
import { type Child, type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { UpstreamTexts } from './texts.ts'

type Context = ViewContext<UpstreamTexts>

/** Why nobody is signed in who came back from a provider. */
export type ProviderProblem = Exclude<keyof UpstreamTexts['upstream']['problems'], 'title' | 'toSignIn'>

/** What somebody sees whose sign-in by a provider goes no further. */
export function providerProblemPage(
  context: Context,
  page: { problem: ProviderProblem; provider: string; to: string },
): Html {
  const { problems } = context.texts.upstream
  return layout(
    context,
    problems.title,
    html`<p>${problems[page.problem](page.provider)}</p>
      <p><a role="button" href="${page.to}">${problems.toSignIn}</a></p>`,
  )
}

/** Somebody whom a provider has proven and who has no account yet. */
export function arrivalPage(
  context: Context,
  page: Messages & {
    csrfToken: string
    arrival: string
    provider: string
    /** What the account there is called. */
    account: string
    /** The address that an account would be made for; nothing where it has to be shown first that it is theirs. */
    email: string | undefined
    /** What stands in the field for such an address. */
    typed?: string | undefined
    mailedTo: string | null
    /** Whether the address is of an account that is there. */
    isTaken: boolean
    /** Where somebody signs in, and is led back from. */
    signIn: string
    /** Who is signed in. */
    person: { name: string; email: string } | undefined
  },
): Html {
  const { upstream } = context.texts
  const { arrival: words } = upstream
  const { csrfToken, arrival, provider, person, mailedTo, isTaken } = page
  const known = { csrf_token: csrfToken, arrival }
  return layout(
    context,
    words.title,
    html`${messages(page)}
      <p>${words.who(html`<strong>${isolated(page.account)}</strong>`, provider)}</p>
      <h2>${words.linkTitle}</h2>
      ${
        person === undefined
          ? html`<p>${words.linkWhy}</p>
              <p>
                <a role="button" class="outline secondary" href="${page.signIn}">${words.signIn}</a>
              </p>`
          : html`<p>${words.linkAs(isolated(person.name), isolated(person.email), provider)}</p>
              <form method="post" action="provider-account">
                ${hiddenFields({ ...known, act: 'link' })}
                <button type="submit">${words.linkSubmit}</button>
              </form>`
      }
      ${isTaken ? html`<p>${words.addressTaken}</p>` : html`<h2>${words.createTitle}</h2>`}
      ${mailedTo !== null && html`<p>${words.mailed(html`<strong>${isolated(mailedTo)}</strong>`)}</p>`}
      ${!isTaken && (page.email === undefined ? addressForm(context, { ...page, known }) : createForm(context, page.email, known))}`,
  )
}

function createForm({ texts: { upstream } }: Context, email: string, known: Record<string, string>): Child {
  return html`<p>${upstream.arrival.create(html`<strong>${isolated(email)}</strong>`)}</p>
    <form method="post" action="provider-account">
      ${hiddenFields({ ...known, act: 'create' })}
      <button type="submit">${upstream.arrival.createSubmit}</button>
    </form>`
}

function addressForm(
  { texts: { upstream, kit } }: Context,
  page: Messages & { known: Record<string, string>; provider: string; typed?: string | undefined },
): Child {
  return html`<p>${upstream.arrival.confirmWhy(page.provider)}</p>
    <form method="post" action="provider-account">
      ${hiddenFields({ ...page.known, act: 'mail' })}
      ${field({
        ...{ name: 'email', label: kit.email, type: 'email', autocomplete: 'email', value: page.typed },
        error: page.fault !== undefined,
      })}
      <button type="submit">${upstream.arrival.confirmSubmit}</button>
    </form>`
}

/** Where a mailed link leads: it does nothing until somebody says so. */
export function confirmAddressPage(
  context: Context,
  page: Messages & { csrfToken: string; token: string; email: string; provider: string },
): Html {
  const { confirm } = context.texts.upstream
  return layout(
    context,
    confirm.title,
    html`${messages(page)}
      <p>${confirm.why(html`<strong>${isolated(page.email)}</strong>`, isolated(page.provider))}</p>
      <form method="post" action="confirm-provider">
        ${hiddenFields({ csrf_token: page.csrfToken, token: page.token })}
        <button type="submit">${confirm.submit}</button>
      </form>`,
  )
}
