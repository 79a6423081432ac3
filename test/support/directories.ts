/** Directories as the service is told of them. */
import { type DomainController, domainDn, userDn } from './samba.ts'
import { type LdapServer, serviceDn, servicePassword, startSlapd, suffix } from './slapd.ts'

export type Directory = LdapServer & { environment: Record<string, string> }

/** OpenLDAP with what the environment of a service has to say of it. */
export async function startDirectory(t: { teardown(after: () => unknown): unknown }): Promise<Directory> {
  return { ...(await startSlapd(t)), environment: { GATEHOUSE_DIRECTORY_STAFF_PASSWORD: servicePassword } }
}

/** One entry of `directories`, for a server of `startSlapd`. */
export function directorySettings({ url, ca }: Pick<LdapServer, 'url' | 'ca'>, more: object = {}) {
  return {
    ...{ name: 'staff', title: 'Staff of Example', kind: 'ldap', url, ca_file: ca },
    ...{ bind_dn: serviceDn, base_dn: suffix, change_password_url: 'https://password.example.test' },
    ...more,
  }
}

/** The same for a domain controller, whose service account is `gatehouse`. */
export function domainSettings({ url, ca }: Pick<DomainController, 'url' | 'ca'>, more: object = {}) {
  return {
    ...{ name: 'domain', kind: 'active_directory', url, ca_file: ca },
    ...{ bind_dn: userDn('gatehouse'), base_dn: domainDn, trust_email_for: ['example.test'] },
    ...more,
  }
}
