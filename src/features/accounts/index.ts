/** The accounts of people: how one is opened, what it shows, and what administrators do to it. */
import type { Base } from '../../base.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Feature } from '../../http/feature.ts'
import type { Pages } from '../../http/pages.ts'
import type { Senders } from '../../http/senders.ts'
import { createWaysBack } from '../../http/ways-back.ts'
import type { MailsOf } from '../../pages/mail.ts'
import type { Languages } from '../../pages/view.ts'
import type { Directories, directoriesMails } from '../directories/index.ts'
import type { Mail } from '../mail/index.ts'
import type { Roles } from '../roles/index.ts'
import { accountPages } from './account-pages.ts'
import { userRoutes } from './admin.ts'
import { createUserAdministration, type UserAdministration } from './administer-users.ts'
import { createProfiles } from './change-profile.ts'
import { createRegistrationAnswers } from './answer-registrations.ts'
import { linkRequestPages } from './link-request-pages.ts'
import type { accountsMails } from './mails.ts'
import { newPasswordPages } from './new-password-pages.ts'
import { registerPages } from './register-pages.ts'
import { createInvitations } from './invitations.ts'
import { invitationRoutes } from './invitations-admin.ts'
import { passwordRoutes } from './password-routes.ts'
import { createRegistering } from './register.ts'
import { createPasswordResets } from './reset-password.ts'
import { accountRoutes } from './routes.ts'
import { Profile } from './schema.ts'
import type { AccountSettings, RegistrationMode } from './settings.ts'
import type { AccountTexts } from './texts.ts'
import { createEmailVerification } from './verify-email.ts'
import { verifyEmailPages } from './verify-email-pages.ts'

export type { RegistrationMode } from './settings.ts'
export type { ShownUser, UserAfterPassword } from './admin.ts'
export type { ShownInvitation, WithdrawnInvitation } from './invitations-admin.ts'
export type { accountsEvents } from './audit-events.ts'
export type { accountsMails } from './mails.ts'

export interface Accounts extends Feature {
  readonly administration: UserAdministration
}

export function createAccounts(
  base: Base,
  settings: {
    registration: RegistrationMode
    domains: readonly string[]
    usernames: AccountSettings['usernames']
    /** Whether people sign in by accounts elsewhere. */
    linksAccounts: boolean
    /** Whether anybody signs in by a password. */
    takesPasswords: boolean
  },
  needs: {
    mail: Mail<MailsOf<typeof accountsMails> | MailsOf<typeof directoriesMails>>
    languages: Languages
    directories: Pick<Directories, 'areThere' | 'keeperOf'>
    roles: Roles
    browser: BrowserGuards
    referrers: Pick<Senders, 'leadingTo'>
    pages: Pages<AccountTexts>
  },
): Accounts {
  const { stores, clock, audit, issuer, log, hasher, hashNewPassword } = base
  const { csrf, limits, cookies } = needs.browser
  const { mode, reason } = settings.registration
  const ofRegistration = {
    rules: { mode, domains: settings.domains },
    registrations: stores.registrations,
    hashNewPassword,
    clock,
  }
  const { mail, languages } = needs
  const registering = createRegistering({ ...ofRegistration, requests: mail })
  const mailing = { hashNewPassword, mails: mail, audit, clock, issuer }
  const passwordResets = createPasswordResets({
    ...mailing,
    users: stores.users,
    resets: stores.passwordResets,
    requests: mail,
    keeperOf: needs.directories.keeperOf,
  })
  const passwordInvitations = createInvitations({
    ...mailing,
    invitations: stores.invitations,
    roles: needs.roles.administration,
    defaultLanguage: languages.offered[0],
  })
  // Where nobody signs in by a password none is chosen either.
  const { takesPasswords } = settings
  const refuse = () => Promise.reject(new GatehouseError('passwords_off'))
  const resets = takesPasswords ? passwordResets : { ...passwordResets, ask: refuse, find: refuse, reset: refuse }
  const invitations = takesPasswords
    ? passwordInvitations
    : { ...passwordInvitations, invite: refuse, find: refuse, accept: refuse }
  mail.answer({
    ...createRegistrationAnswers({ ...ofRegistration, users: stores.users, mails: mail, issuer }),
    'forgot-password': resets.answer,
  })
  const emailVerification = createEmailVerification({ ...ofRegistration, audit })
  const choosesUsername = settings.usernames === 'person'
  const profiles = createProfiles({ users: stores.users, choosesUsername, audit, clock })
  const administration = createUserAdministration({
    users: stores.users,
    roles: needs.roles.administration,
    profiles,
    hashNewPassword,
    importHash: hasher.importHash,
    firstLanguage: languages.offered[0],
    ...{ mails: mail, audit, clock, issuer },
  })
  return {
    administration,
    schemas: [Profile],
    routes: {
      async people(app) {
        await app.register(passwordRoutes, { judge: base.judgePassword, limits })
        await app.register(accountRoutes, {
          registering,
          invitations,
          resets,
          emailVerification,
          users: stores.users,
          changeProfile: profiles.change,
          languageOf: needs.pages.languageOf,
          limits,
        })
      },
      async pages(app) {
        const waysBack = createWaysBack({ cookies, box: base.box('way back') })
        const options = { pages: needs.pages, csrf, limits, waysBack }
        await app.register(registerPages, {
          ...options,
          registering,
          isOpen: mode === 'open',
          referrers: needs.referrers,
        })
        await app.register(verifyEmailPages, { ...options, emailVerification })
        await app.register(async (scope) => {
          if (!takesPasswords) scope.addHook('onRequest', refuse)
          await scope.register(linkRequestPages, { ...options, registering, resets, isOpen: mode === 'open' })
          await scope.register(newPasswordPages, { ...options, resets, invitations })
        })
        const { change: changeProfile } = profiles
        await app.register(accountPages, {
          ...options,
          users: stores.users,
          changeProfile,
          choosesUsername,
          hasDirectories: needs.directories.areThere,
          linksAccounts: settings.linksAccounts,
        })
      },
      async admin(app) {
        const { languages } = needs
        await app.register(userRoutes, { users: administration, resets, defaultLanguage: languages.offered[0] })
        await app.register(invitationRoutes, { invitations })
      },
    },
    async start() {
      log.info({ event: 'registration.mode', registration: mode }, `registration is ${mode}: ${reason}`)
    },
  }
}
