/** What people do to their own account once they are signed in: a new password, another address, a copy of it, its end. */
import type { Base } from '../../base.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Feature } from '../../http/feature.ts'
import type { Pages } from '../../http/pages.ts'
import type { MailsOf } from '../../pages/mail.ts'
import type { Languages } from '../../pages/view.ts'
import type { Accounts, accountsMails } from '../accounts/index.ts'
import type { Directories } from '../directories/index.ts'
import type { Mail } from '../mail/index.ts'
import type { Sessions } from '../sessions/index.ts'
import type { SignIn } from '../sign-in/index.ts'
import { createChangePassword } from './change-password.ts'
import { createEmailChanges } from './change-email.ts'
import { createAccountDeletion } from './delete-account.ts'
import { createExportAccount } from './export-account.ts'
import { deletionRoutes } from './admin.ts'
import { ownAccountPages } from './change-pages.ts'
import { keepAccountPages } from './keep-account-pages.ts'
import { emailLinkPages } from './link-pages.ts'
import type { ownAccountMails } from './mails.ts'
import { createProveOwner } from './prove-owner.ts'
import { ownAccountRoutes } from './routes.ts'
import type { OwnAccountTexts } from './texts.ts'

export type { DeletedUser } from './admin.ts'

export function createOwnAccount(
  base: Base,
  config: { accounts: { deletion_grace_days: number; domains: readonly string[] }; sign_in: { fresh_seconds: number } },
  needs: {
    accounts: Accounts
    sessions: Sessions
    signIn: SignIn
    directories: Pick<Directories, 'keeperOf'>
    mail: Mail<MailsOf<typeof ownAccountMails> | MailsOf<typeof accountsMails>>
    languages: Pick<Languages, 'offered'>
    browser: BrowserGuards
    pages: Pages<OwnAccountTexts>
  },
): Feature {
  const { stores, counters, clock, audit, issuer, hashNewPassword } = base
  const { accounts, sessions, signIn, mail, languages, browser, pages } = needs
  const proveOwner = createProveOwner({ checkPassword: signIn.checkPassword, audit })
  const { recipientsOf } = mail
  const shared = { proveOwner, mails: mail, recipientsOf, audit, clock, issuer, users: stores.users }
  const { keeperOf } = needs.directories
  const changePassword = createChangePassword({ ...shared, keeperOf, hashNewPassword, renewSession: sessions.renew })
  const emailChanges = createEmailChanges({
    ...shared,
    emailChanges: stores.emailChanges,
    requests: mail,
    domains: config.accounts.domains,
    defaultLanguage: languages.offered[0],
  })
  const graceDays = config.accounts.deletion_grace_days
  const { deletions, personalData } = stores
  const deletion = createAccountDeletion({ ...shared, deletions, keeping: signIn.keeping, graceDays })
  const exportAccount = createExportAccount({
    ...shared,
    personalData,
    counters,
    queueMails: mail.queue,
  })
  const countApiKeys = async (id: string) => {
    const keys = await stores.apiKeys.listOf({ kind: 'user', id })
    return keys.filter(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > clock.now()).length
  }
  const keeperOfPerson = async (id: string) => {
    const user = await stores.users.findById(id)
    return user && keeperOf(user)
  }
  const options = {
    changePassword,
    emailChanges,
    deletion,
    exportAccount,
    cookies: browser.cookies,
    languageOf: pages.languageOf,
    limits: browser.limits,
    clock,
    freshSeconds: config.sign_in.fresh_seconds,
  }
  return {
    routes: {
      people: (app) => ownAccountRoutes(app, options),
      async pages(app) {
        const { csrf, limits } = browser
        await app.register(keepAccountPages, { deletion, pages, csrf, limits })
        await app.register(emailLinkPages, { emailChanges, pages, csrf, limits })
        await app.register(ownAccountPages, { ...options, pages, csrf, graceDays, countApiKeys, keeperOfPerson })
      },
      admin: (app) => deletionRoutes(app, { deletion, findUser: accounts.administration.find }),
    },
    maintain: () => deletion.sweep(),
  }
}
