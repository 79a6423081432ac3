import type { FactorFacts } from '../../core/records/factor.ts'
import type { Passkey } from '../../core/records/passkey.ts'
import { codeField, hiddenFields } from '../../pages/fields.ts'
import { type Child, Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { done, type Messages, messages } from '../../pages/notices.ts'
import { rows } from '../../pages/rows.ts'
import { moment } from '../../pages/times.ts'
import type { ViewContext } from '../../pages/view.ts'
import { withWayBack } from '../../pages/way-back.ts'
import { makePasskey, passkeyCard } from './passkeys/passkey-views.ts'
import type { FactorTexts } from './texts.ts'

type Context = ViewContext<FactorTexts>

/**
 * What somebody can prove themselves by, beside the password or in its place. `told`: what has just been done; `returnTo`: where they go
 * on once they have something.
 */
export function factorsPage(
  context: Context,
  page: {
    facts: FactorFacts
    passkeys: readonly Passkey[]
    mayAdd: boolean
    told?: string | undefined
    returnTo?: string | undefined
  },
): Html {
  const { language, texts } = context
  const { factors: words, kit } = texts
  const { factors, recoveryCodes } = page.facts
  const totp = factors.find(({ kind }) => kind === 'totp')
  const to = (href: string, label: string, what: string) =>
    html`<a href="${href}" aria-label="${label}: ${what}">${label}</a>`
  const app =
    totp === undefined
      ? {
          title: words.app,
          about: [words.noApp, words.aboutApp],
          actions: to(withWayBack('authenticator', page.returnTo), words.setUp, words.app),
        }
      : {
          title: words.app,
          about: [
            words.addedAt(moment(language, totp.confirmedAt)),
            totp.lastUsedAt && words.usedAt(moment(language, totp.lastUsedAt)),
          ],
          actions: html`<div class="actions">
            ${to('authenticator', words.replace, words.app)} ${to('remove-authenticator', words.remove, words.app)}
          </div>`,
        }
  const codes = {
    title: words.codes,
    about: [words.codesLeft(recoveryCodes)],
    actions: to('recovery-codes', words.makeCodes, words.codes),
  }
  return layout(
    context,
    words.title,
    html`<p class="lead">${words.why}</p>
      ${done(page.told)} ${passkeyCard(context, page)}
      <article>${rows(factors.length === 0 ? [app] : [app, codes])}</article>
      <p><a href="account">${kit.back}</a></p>`,
    { within: 'account', cards: true },
  )
}

type SetUp = Messages & {
  csrfToken: string
  proposed: { key: string; qrCode: string }
  isWrong?: boolean
  returnTo?: string | undefined
}

/** Where somebody who is signed in sets up their authenticator app. */
export function setUpAuthenticatorPage(context: Context, page: SetUp): Html {
  const { factors, kit } = context.texts
  return layout(
    context,
    factors.setUpPage.title,
    html`${messages(page)} ${setUpForm(context, page, { return_to: page.returnTo })}
      <p class="beside"><a href="${withWayBack('factors', page.returnTo)}">${kit.cancel}</a></p>`,
    { within: 'account' },
  )
}

/**
 * The same within a sign-in that goes no further without it, or a passkey in its place. `mailboxToken`: of the link, after an operator's
 * reset; `mayAdd`: there are passkeys here.
 */
export function enrolPage(
  context: Context,
  page: SetUp & { mailboxToken?: string | undefined; mayAdd?: boolean },
): Html {
  const { setUpPage, enrolPasskey } = context.texts.factors
  const sent = { token: page.mailboxToken }
  const options = `enrol-options${page.mailboxToken === undefined ? '' : `?token=${encodeURIComponent(page.mailboxToken)}`}`
  return layout(
    context,
    setUpPage.enrolTitle,
    html`<p class="lead">${setUpPage.enrolWhy}</p>
      ${messages(page)} ${setUpForm(context, page, sent)}
      ${
        page.mayAdd &&
        html`<form method="post" class="after">
          <h2>${enrolPasskey.title}</h2>
          <p>${enrolPasskey.why}</p>
          ${hiddenFields({ csrf_token: page.csrfToken, ...sent })} ${makePasskey(context, { options })}
        </form>`
      }`,
  )
}

function setUpForm(context: Context, page: SetUp, sent: Record<string, string | undefined>): Child {
  const { setUpPage } = context.texts.factors
  const { proposed, csrfToken, isWrong = false } = page
  return html`<p>${setUpPage.scan}</p>
    <div class="qr-code" role="img" aria-label="${setUpPage.picture}">${new Html(proposed.qrCode)}</div>
    <p id="key-label">${setUpPage.orType}</p>
    <code class="secret" tabindex="0" role="textbox" aria-readonly="true" aria-labelledby="key-label"
      >${inFours(proposed.key)}</code
    >
    <form method="post">
      ${hiddenFields({ csrf_token: csrfToken, ...sent })}
      ${codeField({ label: setUpPage.thenCode, hint: setUpPage.codeHint, error: isWrong, autofocus: isWrong })}
      <button type="submit">${setUpPage.submit}</button>
    </form>`
}

const inFours = (key: string) => key.replaceAll(/.{4}(?=.)/g, '$& ')

/** What somebody sees who signs in after a reset, until they have opened the link in their mail. */
export function mailboxPage(context: Context): Html {
  const { factors, kit } = context.texts
  const { title, why, notCome } = factors.mailbox
  return layout(
    { ...context, offered: [] },
    title,
    html`<p>${why}</p>
      <p>${notCome}</p>
      <p class="beside"><a href="login">${kit.toSignIn}</a></p>`,
  )
}

/** Shows new recovery codes, once. `done`: what was done just now; `to`: where it goes on. */
export function recoveryCodesPage(
  context: Context,
  page: { codes: readonly string[]; done?: string; to: string },
): Html {
  const { codesPage } = context.texts.factors
  const file = [codesPage.file(context.brand.name), '', ...page.codes, ''].join('\r\n')
  // Nobody can come back here in another language: the codes are shown once.
  return layout(
    { ...context, offered: [] },
    codesPage.title,
    html`${done(page.done)}
      <p>${codesPage.why}</p>
      <p role="status">${codesPage.once}</p>
      <ul class="codes">
        ${page.codes.map((code) => html`<li><code>${code}</code></li>`)}
      </ul>
      <p class="actions">
        <a
          role="button"
          class="secondary outline"
          href="data:text/plain;charset=utf-8,${encodeURIComponent(file)}"
          download="recovery-codes.txt"
          >${codesPage.download}</a
        >
        <a role="button" href="${page.to}">${codesPage.proceed}</a>
      </p>`,
  )
}

/** Asks whether new recovery codes are to void those that are there, or whether the app is to be removed. `hasPasskeys`: beside it. */
export function confirmChangePage(
  context: Context,
  page: Messages & { csrfToken: string; change: 'newCodesPage' | 'removePage'; hasPasskeys?: boolean },
): Html {
  const { factors, kit } = context.texts
  const { title, submit } = factors[page.change]
  const isLessGrave = page.change === 'removePage' && page.hasPasskeys === true
  const why = isLessGrave ? factors.removePage.whyWithPasskeys : factors[page.change].why
  return layout(
    context,
    title,
    html`<p class="lead">${why}</p>
      ${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: page.csrfToken })}
        <button type="submit" ${page.change === 'removePage' && html`class="danger"`}>${submit}</button>
      </form>
      <p class="beside"><a href="factors">${kit.cancel}</a></p>`,
    { within: 'account' },
  )
}
