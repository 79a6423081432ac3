/** Second factors: how somebody sets one up and proves themselves by it, and what an operator does for whoever has lost theirs. */
import type { Base } from '../../base.ts'
import type { ReadDevice } from '../../core/device.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Feature } from '../../http/feature.ts'
import type { Pages } from '../../http/pages.ts'
import { CreationOptions, RequestOptions } from '../../http/webauthn-schema.ts'
import type { App } from '../../http/server.ts'
import type { MailsOf } from '../../pages/mail.ts'
import type { Languages } from '../../pages/view.ts'
import type { Accounts } from '../accounts/index.ts'
import type { Mail } from '../mail/index.ts'
import type { Sessions } from '../sessions/index.ts'
import { factorAdminRoutes } from './admin.ts'
import { type CheckCode, createCheckCode } from './check-code.ts'
import { createConfirmInSession } from './confirm-in-session.ts'
import { type EnrollingSignIn, enrolPages } from './enrol-pages.ts'
import { factorPages } from './factor-pages.ts'
import type { factorsMails } from './mails.ts'
import { createFactorManagement, type FactorManagement } from './manage-factors.ts'
import { type Ceremonies, createCeremonies } from './passkeys/ceremonies.ts'
import { createPasskeyManagement, type PasskeyManagement } from './passkeys/manage-passkeys.ts'
import { passkeyPages } from './passkeys/passkey-pages.ts'
import { passkeyRoutes } from './passkeys/passkey-routes.ts'
import { ShownPasskey } from './passkeys/passkey-schema.ts'
import { createFactorReset, type FactorReset } from './reset-factors.ts'
import { factorRoutes } from './routes.ts'
import { Proposal } from './schema.ts'
import type { FactorTexts } from './texts.ts'

export type { ResetFactors } from './admin.ts'
export type { CheckCode } from './check-code.ts'
export type { EnrollingSignIn } from './enrol-pages.ts'
export type { FactorManagement } from './manage-factors.ts'
export type { Ceremonies } from './passkeys/ceremonies.ts'
export type { Asked } from './passkeys/challenges.ts'
export type { FactorReset } from './reset-factors.ts'

export interface Factors extends Feature {
  /** The one place where codes are tested. */
  readonly checkCode: CheckCode
  readonly management: FactorManagement
  readonly reset: FactorReset
  readonly passkeys: PasskeyManagement
  /** Nothing where there are no passkeys: they are turned off, or the issuer's host is an address. */
  readonly ceremonies: Ceremonies | undefined
  /** Its pages, which the feature that signs in mounts: where somebody sets a factor up, they begin a session, or raise theirs. */
  pages(app: App, signIn: EnrollingSignIn): Promise<void>
}

export function createFactors(
  { stores, budgets, clock, audit, issuer, box, log }: Base,
  config: {
    limits: { failures_per_account: number; failures_per_device: number; failure_window_seconds: number }
    passkeys: { rpId: string | undefined }
    sign_in: { passkeys: { enabled: boolean; rp_id?: string } }
  },
  needs: {
    accounts: Accounts
    sessions: Sessions
    mail: Mail<MailsOf<typeof factorsMails>>
    languages: Languages
    browser: BrowserGuards
    pages: Pages<FactorTexts>
    readDevice: ReadDevice
  },
): Factors {
  const { accounts, sessions, mail, languages, browser, pages } = needs
  const firstLanguage = languages.offered[0]
  const shared = {
    factors: stores.factors,
    box: box('second factors'),
    mails: mail,
    audit,
    clock,
    issuer,
    firstLanguage,
  }
  const serviceName = () => languages.inLanguage(firstLanguage).brand.name
  const management = createFactorManagement({ ...shared, serviceName })
  const reset = createFactorReset({ ...shared, budgets })
  const inSession = createConfirmInSession({ management, users: stores.users, raiseSession: sessions.raise })
  const { languageOf } = pages
  const asked = { passkeys: stores.passkeys, budgets, queueMails: mail.queue, serviceName }
  const passkeys = createPasskeyManagement({ ...shared, ...asked })
  const { rpId } = config.passkeys
  const ceremonies = rpId === undefined ? undefined : createCeremonies({ ...shared, ...asked, rpId })
  const options = {
    ...{ management, inSession, users: stores.users, ...browser, languageOf, passkeys, ceremonies },
    readDevice: needs.readDevice,
  }

  return {
    checkCode: createCheckCode({ ...shared, budgets, queueMails: mail.queue, limits: config.limits }),
    management,
    reset,
    passkeys,
    ceremonies,
    schemas: [Proposal, CreationOptions, RequestOptions, ShownPasskey],
    routes: {
      async people(app) {
        await factorRoutes(app, options)
        await passkeyRoutes(app, options)
      },
      admin: (app) => factorAdminRoutes(app, { reset: reset.reset, findUser: accounts.administration.find }),
    },
    async pages(app, signIn) {
      const shown = { ...options, signIn, reset, pages, clock }
      await enrolPages(app, shown)
      await factorPages(app, shown)
      await passkeyPages(app, shown)
    },
    async start() {
      const { enabled, rp_id: chosen } = config.sign_in.passkeys
      if (rpId === undefined && enabled) {
        log.info({ event: 'passkeys.off' }, 'there are no passkeys: the host of GATEHOUSE_ISSUER is an IP address')
      } else if (rpId !== undefined && chosen !== undefined) {
        log.info(
          { event: 'passkeys.rp_id', rp_id: rpId },
          `passkeys are made for ${rpId}; those of another domain count no more`,
        )
      }
    },
  }
}
