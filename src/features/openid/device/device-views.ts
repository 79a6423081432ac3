import { field, hiddenFields } from '../../../pages/fields.ts'
import { type Html, html, isolated } from '../../../pages/html.ts'
import { layout } from '../../../pages/layout.ts'
import { type Messages, messages } from '../../../pages/notices.ts'
import { moment } from '../../../pages/times.ts'
import type { ViewContext } from '../../../pages/view.ts'
import { scopeList } from '../consent-views.ts'
import type { OpenIdTexts } from '../texts.ts'

/** Where somebody types the code that a device shows. `offered`: the one of a link that they have followed, which they compare. */
export function deviceCodePage(
  context: ViewContext<OpenIdTexts>,
  page: Messages & { csrfToken: string; offered?: string | undefined; typed?: string | undefined },
): Html {
  const { device } = context.texts.openid
  const { csrfToken, offered, typed } = page
  const typing = html`<p>${device.why}</p>
    <form method="post" action="device">
      ${hiddenFields({ csrf_token: csrfToken })}
      ${field({
        ...{ name: 'user_code', label: device.code, type: 'text', autocomplete: 'off', hint: device.codeHint },
        ...{ value: typed, error: page.fault !== undefined, autofocus: true, maxlength: 64 },
      })}
      <button type="submit">${context.texts.kit.proceed}</button>
    </form>`
  const comparing = html`<p>${device.compare}</p>
    <p class="lead">
      <strong><code>${offered}</code></strong>
    </p>
    <form method="post" action="device">
      ${hiddenFields({ csrf_token: csrfToken, user_code: offered })}
      <button type="submit">${device.same}</button>
    </form>
    <p class="beside"><a href="device">${device.another}</a></p>`
  return layout(context, device.title, html`${messages(page)} ${offered === undefined ? typing : comparing}`)
}

/** Asks whether a device may be let in. `ownIp`: where the person is, where that is not where the device has asked from. */
export function letInDevicePage(
  context: ViewContext<OpenIdTexts>,
  page: Messages & {
    csrfToken: string
    request: string
    code: string
    program: string
    scopes: readonly string[]
    askedAt: Date
    ip: string
    ownIp: string | undefined
    email: string
  },
): Html {
  const { device, consent } = context.texts.openid
  const { csrfToken, request, code, program, scopes, askedAt, ip, ownIp, email } = page
  return layout(
    context,
    device.letIn.title,
    html`${messages(page)} ${ownIp !== undefined && html`<p role="alert">${device.letIn.elsewhere(ip, ownIp)}</p>`}
      <p class="lead">${device.letIn.who(html`<strong>${isolated(program)}</strong>`)}</p>
      <p>
        ${device.letIn.asked(moment(context.language, askedAt), ip)} ${device.letIn.shows(html`<code>${code}</code>`)}
      </p>
      <p>${consent.may}</p>
      ${scopeList(context, scopes, device.letIn.offline)}
      <p><strong>${device.letIn.careful}</strong></p>
      <p>${consent.as(isolated(email))} ${consent.withdraw}</p>
      <form method="post" action="let-in-device?request=${encodeURIComponent(request)}">
        ${hiddenFields({ csrf_token: csrfToken })}
        <button type="submit" name="answer" value="allow">${consent.allow}</button>
        <p class="beside">
          <button type="submit" name="answer" value="deny" class="small secondary">${consent.deny}</button>
        </p>
      </form>`,
  )
}

/** What somebody sees who has decided. */
export function deviceDecidedPage(context: ViewContext<OpenIdTexts>, page: { decision: 'allowed' | 'denied' }): Html {
  const { decided } = context.texts.openid.device
  const { title, text } = decided[page.decision]
  return layout(
    context,
    title,
    html`<p>${text}</p>
      <p><a href="grants">${decided.grants}</a></p>`,
  )
}
