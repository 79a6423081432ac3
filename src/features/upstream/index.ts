/** Sign-in by providers: OpenID Connect and GitHub, what is linked to whom, and what providers tell by themselves. */
import type { Base } from '../../base.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Feature } from '../../http/feature.ts'
import type { Pages } from '../../http/pages.ts'
import type { App } from '../../http/server.ts'
import type { MailsOf } from '../../pages/mail.ts'
import type { Languages } from '../../pages/view.ts'
import type { Accounts } from '../accounts/index.ts'
import type { Mail } from '../mail/index.ts'
import type { Sessions } from '../sessions/index.ts'
import { identityAdminRoutes } from './admin.ts'
import { arrivalPages } from './arrival-pages.ts'
import { createArrivals } from './arrivals.ts'
import { createComeBack } from './http/come-back.ts'
import { createLeadToProblem, createLeadToProvider, type LeadToProvider } from './http/lead-to-provider.ts'
import { identityPages } from './identity-pages.ts'
import { createLinkIdentity } from './link-identity.ts'
import { createTakeLogoutToken } from './logout-tokens.ts'
import type { upstreamMails } from './mails.ts'
import { createIdentityManagement } from './manage-identities.ts'
import { createProviderClient } from './provider-client.ts'
import type { SignInElsewhere } from './http/sign-in-elsewhere.ts'
import { providerPages } from './provider-pages.ts'
import { createRecognise } from './recognise.ts'
import { upstreamRoutes } from './routes.ts'
import { ShownIdentitySchema } from './schema.ts'
import type { Provider } from './settings.ts'
import { createSignOutElsewhere, type SignOutElsewhere } from './sign-out-elsewhere.ts'
import type { UpstreamTexts } from './texts.ts'
import { createTrips, type Known } from './trips.ts'

export type { ShownIdentities } from './schema.ts'
export type { SignInElsewhere } from './http/sign-in-elsewhere.ts'

/** What the button of a provider says, and which one it is. */
interface OfferedProvider {
  name: string
  title: string
}

export interface Upstream extends Feature {
  /** Those that have a button; others are chosen by the address that somebody types. */
  readonly offered: readonly OfferedProvider[]
  /** Whether there are any that are chosen so. */
  readonly choosesByAddress: boolean
  /** The provider of a mail domain. */
  ofAddress(email: string): string | undefined
  readonly leadTo: LeadToProvider
  /** By which somebody can prove themselves anew: those that they have linked. */
  provenBy(userId: string): Promise<OfferedProvider[]>
  readonly signOut: SignOutElsewhere
  /** Its pages, which the feature that signs in mounts: they begin sessions. */
  pages(app: App, signIn: SignInElsewhere): Promise<void>
}

export function createUpstream(
  { stores, clock, audit, issuer, basePath, box: boxOf }: Base,
  config: {
    providers: readonly Provider[]
    directories: readonly { trustEmailFor: readonly string[] }[]
    accounts: { domains: readonly string[] }
    sign_in: { fresh_seconds: number; passwords: boolean }
  },
  needs: {
    accounts: Accounts
    sessions: Pick<Sessions, 'tellEnded'>
    mail: Mail<MailsOf<typeof upstreamMails>>
    languages: Languages
    browser: BrowserGuards
    pages: Pages<UpstreamTexts>
  },
): Upstream {
  const { accounts, sessions, mail, languages, browser, pages } = needs
  const { identities, users, elsewhere } = stores
  const { domains } = config.accounts
  const firstLanguage = languages.offered[0]
  const known = new Map<string, Known>(
    config.providers.map((provider) => {
      const redirectUri = `${issuer}/api/federation/${provider.name}/callback`
      return [provider.name, { provider, client: createProviderClient(provider, { clock, redirectUri }) }]
    }),
  )
  const knownOf = (name: string) => known.get(name)
  const titleOf = (source: string) => knownOf(source.replace(/^provider:/, ''))?.provider.title ?? source
  const box = boxOf('providers')
  const { tellEnded } = sessions
  const shared = { audit, clock, issuer, firstLanguage, mails: mail }
  const trustedDomains = [
    ...config.providers.flatMap(({ trust_email_for: trusted }) => trusted),
    ...config.directories.flatMap(({ trustEmailFor }) => trustEmailFor),
  ]
  const trips = createTrips({ store: elsewhere, box, trustedDomains, audit, clock })
  const linkIdentity = createLinkIdentity({ ...shared, identities })
  const arrivals = createArrivals({
    ...shared,
    ...{ store: elsewhere, identities, users, knownOf, domains, requests: mail, box },
  })
  const recognise = createRecognise({ identities, users, arrivals, linkIdentity, domains, audit, clock })
  const management = createIdentityManagement({
    ...shared,
    ...{
      identities,
      elsewhere,
      sessions: stores.sessions,
      titleOf,
      tellEnded,
      takesPasswords: config.sign_in.passwords,
    },
    isUsable: (source) => !source.startsWith('provider:') || knownOf(source.slice('provider:'.length)) !== undefined,
  })
  const takeLogoutToken = createTakeLogoutToken({ store: elsewhere, tellEnded, audit, clock })
  const toProblem = createLeadToProblem(basePath)
  const { cookies, csrf, limits } = browser
  const leadTo = createLeadToProvider({ trips, knownOf, cookies, toProblem })
  const told = ({ name, title }: Provider): OfferedProvider => ({ name, title })
  return {
    offered: config.providers.filter((provider) => provider.domains.length === 0).map(told),
    choosesByAddress: config.providers.some((provider) => provider.domains.length > 0),
    ofAddress(email) {
      const domain = email.slice(email.lastIndexOf('@') + 1)
      return config.providers.find((provider) => provider.domains.includes(domain))?.name
    },
    leadTo,
    async provenBy(userId) {
      const linked = new Set((await identities.of(userId)).map(({ source }) => source))
      return config.providers.filter(({ name }) => linked.has(`provider:${name}`)).map(told)
    },
    signOut: createSignOutElsewhere({ store: elsewhere, knownOf, box, back: `${issuer}/signed-out` }),
    schemas: [ShownIdentitySchema],
    routes: {
      people: (app) => upstreamRoutes(app, { management, users, knownOf, takeLogoutToken, limits }),
      pages: (app) =>
        identityPages(app, { management, users, offered: config.providers.map(told), leadTo, pages, csrf, basePath }),
      admin: (app) => identityAdminRoutes(app, { management, findUser: accounts.administration.find }),
    },
    async pages(app, signIn) {
      const comeBack = createComeBack({
        ...{ signIn, trips, knownOf, recognise, linkIdentity, identities, users, cookies, clock, toProblem, basePath },
        noteOtherSession: (provider) =>
          audit.record({ event: 'provider.answer_refused', provider, reason: 'other_session' }),
        noteOtherPerson: (provider, subject) =>
          audit.record({ event: 'provider.person_refused', provider, reason: 'other_person', subject }),
      })
      const options = { signIn, knownOf, leadTo, toProblem, comeBack, pages, cookies, csrf, limits, basePath }
      await providerPages(app, options)
      const freshSeconds = config.sign_in.fresh_seconds
      await arrivalPages(app, { ...options, arrivals, linkIdentity, identities, users, clock, freshSeconds })
    },
  }
}
