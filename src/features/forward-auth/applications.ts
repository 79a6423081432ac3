import type { Clock } from '../../core/clock.ts'
import type { Principal } from '../../core/principal.ts'
import type { AccessRules, HostPolicy } from './access-rules.ts'
import { explainDecision } from './explain-decision.ts'

/** What people open at a host. */
interface Application {
  /** As the configuration spells the host. */
  readonly host: string
  readonly title: string
  readonly description: string | undefined
  readonly url: string
}

export interface Applications {
  /** Those that somebody may open, in the order of the file; what needs a stronger sign-in is among them. */
  openTo(principal: Principal, address: string | undefined): Application[]
  /** What the host of a URL is called; nothing where nobody has named it. */
  titleOf(url: string): string | undefined
}

/** The hosts that have a title, each by what the rules say about its root. */
export function createApplications(dependencies: {
  rules: () => AccessRules
  clock: Clock
  issuer: string
}): Applications {
  const { rules, clock, issuer } = dependencies
  const scheme = issuer.startsWith('https:') ? 'https' : 'http'
  const applicationAt = ({ name, about }: HostPolicy): Application | undefined =>
    about.title === undefined
      ? undefined
      : { host: name, title: about.title, description: about.description, url: `${scheme}://${name}/` }

  return {
    openTo(principal, address) {
      return rules().hosts.flatMap((policy) => {
        const application = applicationAt(policy)
        if (application === undefined) return []
        const counts = policy.credentials?.includes('session') ?? true
        const { decision } = explainDecision(
          rules(),
          { method: 'GET', url: application.url, address },
          counts ? { shows: 'cookie', proven: { principal, audiences: [] } } : 'nobody',
          { clock, issuer },
        )
        return decision === 'allow' || decision === 'step_up' ? [application] : []
      })
    },
    titleOf: (url) => (URL.canParse(url) ? rules().host(new URL(url).host)?.about.title : undefined),
  }
}
