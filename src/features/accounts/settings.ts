import { type Static, Type } from '../../json-schema.ts'
import { canonicalDomain } from '../../core/email.ts'
import { isThisMachine } from '../../core/network.ts'
import { type Findings, section, setting } from '../../settings.ts'

/** The `accounts` section of gatehouse.yaml. */
export const AccountSettings = section({
  registration: Type.Optional(
    setting(
      'Who may make an account without an operator: anybody with a mailbox, whoever was invited, or nobody; an invitation is an act of an operator, and counts with each. Left out, it ' +
        'follows from where the service runs.',
      Type.Enum(['open', 'invite', 'closed']),
    ),
  ),
  usernames: setting(
    'Who gives people their user name, by which they sign in and applications may know them: operators alone, or each person ' +
      'for themselves too. Where a host takes it for its `user`, whoever chooses a name chooses an account of that application.',
    Type.Enum(['operator', 'person'], { default: 'operator' }),
  ),
  deletion_grace_days: setting(
    'For how many days a person can keep the account whose deletion they asked for. 0: it goes at once.',
    Type.Integer({ minimum: 0, maximum: 365, default: 14 }),
  ),
  domains: setting(
    'The mail domains that may register, and of which another address of an account may be. An empty list lets all of them.',
    Type.Array(Type.String(), { title: 'a list of mail domains: [example.com, …]', default: [] }),
  ),
})
export type AccountSettings = Static<typeof AccountSettings>

export function checkAccountSettings({ domains }: AccountSettings, findings: Findings): void {
  for (const [place, domain] of domains.entries()) {
    if (canonicalDomain(domain) !== undefined) continue
    findings.fault(['accounts', 'domains', place], 'expected a mail domain, such as example.com')
  }
}

/** The mail domains that may register, as canonical addresses hold them. */
export function mailDomainsOf({ domains }: AccountSettings): string[] {
  return domains.map((domain) => canonicalDomain(domain)!)
}

/** Who may make an account without an operator, and why it is so. */
export interface RegistrationMode {
  mode: 'open' | 'invite' | 'closed'
  /** In words that go on after "registration is open: ". */
  reason: string
}

/**
 * Who may register: what the setting says. Without it registration is open where somebody tries the service on their own
 * machine (an issuer that only this machine reaches, stores inside the process), and closed everywhere else. It is closed where
 * nobody signs in by a password.
 */
export function registrationOf(
  { registration }: AccountSettings,
  {
    issuer,
    hasEmbeddedStores,
    takesPasswords,
  }: { issuer: string; hasEmbeddedStores: boolean; takesPasswords: boolean },
): RegistrationMode {
  if (!takesPasswords)
    return { mode: 'closed', reason: 'sign_in.passwords is false, and whoever registers chooses one' }
  if (registration !== undefined) return { mode: registration, reason: 'accounts.registration says so' }
  const { hostname } = new URL(issuer)
  const isOwnMachine = isThisMachine(hostname.replace(/^\[|\]$/g, ''))
  const [notSet, allTold] = ['accounts.registration is not set', isOwnMachine && hasEmbeddedStores]
  if (allTold) return { mode: 'open', reason: `${notSet}, the issuer is this machine and the stores are embedded` }
  const because = isOwnMachine ? 'the stores are servers' : 'the issuer is not this machine'
  return { mode: 'closed', reason: `${notSet}, and ${because}` }
}
