import { urlOfAsset } from '../../pages/brand.ts'
import { hiddenFields } from '../../pages/fields.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { OpenIdTexts } from './texts.ts'

/** What a person sees whom a program has sent that cannot be answered. */
export function refusedPage(
  context: ViewContext<OpenIdTexts>,
  page: { basePath: string; reason: 'client' | 'redirect_uri' | 'request_uri' | 'too_long' | 'post_logout' },
): Html {
  const { refused } = context.texts.openid
  return layout(
    context,
    refused.title,
    html`<p role="alert" id="fault">${refused[page.reason]}</p>
      <p>${refused.whatNext}</p>`,
    { base: page.basePath },
  )
}

/** Asks whether a program may be let in, and what for. `request`: what it asks, as the form sends it on. */
export function consentPage(
  context: ViewContext<OpenIdTexts>,
  page: Messages & {
    csrfToken: string
    request: string
    subject: string
    email: string
    program: string
    host: string
    scopes: readonly string[]
    /** Whether an operator says what it is. */
    isVerified: boolean
    /** The host of the document that says what it is; nothing where it has another id. */
    site?: string | undefined
  },
): Html {
  const { consent } = context.texts.openid
  const { csrfToken, request, subject, email, program, host, scopes, site } = page
  return layout(
    context,
    consent.title,
    html`${messages(page)}
      <p class="lead">${consent.who(html`<strong>${isolated(program)}</strong>`, isolated(host))}</p>
      ${site !== undefined && html`<p class="site">${isolated(site)}</p>`}
      ${!page.isVerified && html`<p role="note">${site === undefined ? consent.unverified : consent.unverifiedSite}</p>`}
      <p>${consent.may}</p>
      ${scopeList(context, scopes)}
      <p>${consent.as(isolated(email))} ${consent.withdraw}</p>
      <form method="post" action="consent">
        ${hiddenFields({ csrf_token: csrfToken, request, subject })}
        <button type="submit" name="answer" value="allow">${consent.allow}</button>
        <p class="beside">
          <button type="submit" name="answer" value="deny" class="small secondary">${consent.deny}</button>
        </p>
      </form>`,
  )
}

/** What a program may do, in words. `offline`: how long it keeps its access, where that is said otherwise. */
export function scopeList(
  { texts: { openid } }: ViewContext<OpenIdTexts>,
  scopes: readonly string[],
  offline = openid.consent.scopes.offline_access,
): Html {
  const known: Readonly<Record<string, string>> = { ...openid.consent.scopes, offline_access: offline }
  return html`<ul>
    ${scopes.map((scope) => html`<li>${known[scope] ?? openid.consent.permission(html`<code>${scope}</code>`)}</li>`)}
  </ul>`
}

/** Sends an answer to a program by a form (OAuth 2.0 Form Post Response Mode). */
export function handOverPage(
  context: ViewContext<OpenIdTexts>,
  page: { basePath: string; to: string; parameters: Readonly<Record<string, string | undefined>> },
): Html {
  const { handOver } = context.texts.openid
  const { basePath, to, parameters } = page
  return layout(
    context,
    handOver.title,
    html`<p>${handOver.text}</p>
      <form method="post" action="${to}" data-submit="at once">
        ${hiddenFields(parameters)}
        <button type="submit">${context.texts.kit.proceed}</button>
      </form>
      <script src="${urlOfAsset(basePath, context.brand.submitScript)}" defer=""></script>`,
    { base: basePath },
  )
}

/** Asks whether to sign out, since a program wants it. */
export function leavePage(
  context: ViewContext<OpenIdTexts>,
  page: Messages & { csrfToken: string; request: string; program: string | undefined; stay: string },
): Html {
  const { leave } = context.texts.openid
  const { csrfToken, request, program, stay } = page
  return layout(
    context,
    leave.title,
    html`${messages(page)}
      ${program !== undefined && html`<p>${leave.asks(html`<strong>${isolated(program)}</strong>`)}</p>`}
      <p>${leave.consequence}</p>
      <form method="post" action="end-session">
        ${hiddenFields({ csrf_token: csrfToken, request })}
        <button type="submit">${leave.signOut}</button>
      </form>
      <p class="beside"><a href="${stay}">${leave.stay}</a></p>`,
  )
}
