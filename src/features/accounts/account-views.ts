import { languageNames, type Language } from '../../core/language.ts'
import { field, hiddenFields, nameField, selection } from '../../pages/fields.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { done, type Messages, messages } from '../../pages/notices.ts'
import { card, type Row, rows } from '../../pages/rows.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { AccountTexts } from './texts.ts'

/** What an account says of its person. */
export interface ShownAccount {
  name: string
  email: string
  username: string | null
  locale: Language | null
}

/**
 * What belongs to somebody's account, each with the way to where it is changed. `choosesUsername`: whether the user name is theirs
 * to choose. `linksAccounts`: whether there are providers. `told`: what has just been done.
 */
export function accountPage(
  context: ViewContext<AccountTexts>,
  page: {
    account: ShownAccount
    choosesUsername?: boolean
    hasDirectories?: boolean
    linksAccounts?: boolean
    told?: string | undefined
  },
): Html {
  const { kit, accounts } = context.texts
  const { profile, security, data, change, show } = accounts.account
  const { name, email, username, locale } = page.account
  const to = (href: string, label: string, what: string) =>
    html`<a href="${href}" aria-label="${label}: ${what}">${label}</a>`
  const ofProfile: Row[] = [
    { title: isolated(name), about: [kit.name], actions: to('profile', change, kit.name) },
    { title: isolated(email), about: [kit.email], actions: to('change-email', change, kit.email) },
    ...(username === null && !page.choosesUsername
      ? []
      : [
          {
            title: username === null ? profile.noUsername : isolated(username),
            about: [profile.username],
            actions: page.choosesUsername && to('profile', change, profile.username),
          },
        ]),
    {
      title: locale === null ? profile.anyLanguage : languageNames[locale],
      about: [profile.mailLanguage],
      actions: to('profile', change, profile.mailLanguage),
    },
  ]
  const linked = {
    title: security.linked,
    about: [security.aboutLinked],
    actions: to('linked-accounts', show, security.linked),
  }
  const ofSecurity: Row[] = [
    { title: kit.password, about: [security.aboutPassword], actions: to('change-password', change, kit.password) },
    { title: security.factor, about: [security.aboutFactor], actions: to('factors', show, security.factor) },
    ...(page.hasDirectories
      ? [
          {
            title: security.directories,
            about: [security.aboutDirectories],
            actions: to('directory-accounts', show, security.directories),
          },
        ]
      : []),
    ...(page.linksAccounts ? [linked] : []),
    { title: security.sessions, about: [security.aboutSessions], actions: to('sessions', show, security.sessions) },
    { title: security.keys, about: [security.aboutKeys], actions: to('api-keys', show, security.keys) },
    { title: security.grants, about: [security.aboutGrants], actions: to('grants', show, security.grants) },
    { title: security.activity, about: [security.aboutActivity], actions: to('activity', show, security.activity) },
  ]
  const ofData: Row[] = [
    { title: data.copy, about: [data.aboutCopy], actions: to('export', data.download, data.copy) },
    { title: data.end, about: [data.aboutEnd], actions: to('delete-account', data.delete, data.end) },
  ]
  return layout(
    context,
    accounts.account.title,
    html`${done(page.told)} ${card(profile.title, rows(ofProfile))} ${card(security.title, rows(ofSecurity))}
    ${card(data.title, rows(ofData))}`,
    { within: 'account', cards: true },
  )
}

/** Where somebody says how they are called, and what they read. */
export function profilePage(
  context: ViewContext<AccountTexts>,
  page: Messages & {
    csrfToken: string
    name: string
    /** Left out where people do not choose it. */
    username?: string | undefined
    locale: string
    languages: readonly Language[]
    faults?: { name?: string | undefined; username?: string | undefined }
  },
): Html {
  const { kit, accounts } = context.texts
  const { profile } = accounts.account
  const { csrfToken, name, username, locale, languages, faults = {} } = page
  const choices = languages.map((language): [string, string] => [language, languageNames[language]])
  return layout(
    context,
    profile.title,
    html`${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: csrfToken })}
        ${nameField({
          label: kit.name,
          value: name,
          error: faults.name,
          autofocus: faults.username === undefined,
        })}
        ${
          username !== undefined &&
          field({
            ...{ name: 'username', label: profile.username, type: 'text', autocomplete: 'username', value: username },
            ...{ hint: profile.aboutUsername, error: faults.username, maxlength: 64, optional: true },
            autofocus: faults.username !== undefined,
          })
        }
        ${
          languages.length > 1 &&
          selection({
            name: 'locale',
            label: profile.mailLanguage,
            value: locale,
            choices: [['', profile.anyLanguage], ...choices],
          })
        }
        <button type="submit">${kit.save}</button>
      </form>
      <p class="beside"><a href="account">${kit.cancel}</a></p>`,
    { within: 'account' },
  )
}
