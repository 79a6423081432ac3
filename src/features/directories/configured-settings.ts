import { canonicalDomain } from '../../core/email.ts'
import { type DirectoryFilter, readDirectoryFilter } from '../../core/directory-filter.ts'
import type { DirectorySettings as Connected } from '../../core/directory.ts'
import { addressOf, type DirectoriesSettings } from './settings.ts'

type DirectorySetting = DirectoriesSettings[number]

/** A directory as the service uses it. */
export interface DirectoryConfig {
  readonly name: string
  readonly title: string
  readonly roles: Readonly<Record<string, readonly string[]>>
  readonly firstSignIn: 'create' | 'refuse'
  /** In A-labels and lower case. */
  readonly trustEmailFor: readonly string[]
  readonly refreshSeconds: number
  readonly changePasswordUrl: string | undefined
  readonly failuresPerAccount: number
  readonly lockoutWindowSeconds: number
  /** The password is missing where the environment has none: commands that ask nobody need none. */
  readonly connected: Omit<Connected, 'password'> & { readonly password: string | undefined }
}

/** The variable that holds the password of a directory; its file is named by the same with `_FILE`. */
export const passwordVariable = (name: string) =>
  `GATEHOUSE_DIRECTORY_${name.toUpperCase().replaceAll('-', '_')}_PASSWORD`

const classes = (kind: DirectorySetting['kind']) =>
  kind === 'ldap'
    ? {
        people: '(objectClass=person)',
        groups: '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))',
      }
    : { people: '(&(objectCategory=person)(objectClass=user))', groups: '(objectClass=group)' }

/** What the settings of directories come to. `passwordOf` knows the environment, `fileAt` where paths begin. */
export function directoriesOf(
  directories: DirectoriesSettings,
  { passwordOf, fileAt }: { passwordOf(name: string): string | undefined; fileAt(path: string): string },
): DirectoryConfig[] {
  return directories.map((setting) => {
    const { name, kind, groups, attributes } = setting
    const isActive = kind === 'active_directory'
    const username = attributes.username ?? (isActive ? 'sAMAccountName' : 'uid')
    const { people, groups: anyGroup } = classes(kind)
    return {
      ...{ name, title: setting.title ?? name, roles: setting.roles, firstSignIn: setting.first_sign_in },
      trustEmailFor: setting.trust_email_for.map((domain) => canonicalDomain(domain)!),
      refreshSeconds: setting.refresh_seconds,
      changePasswordUrl: setting.change_password_url,
      failuresPerAccount: setting.failures_per_account,
      lockoutWindowSeconds: setting.lockout_window_seconds,
      connected: {
        ...{ name, kind, ...(addressOf(setting.url) as Pick<Connected, 'host' | 'port' | 'security'>) },
        caFile: setting.ca_file === undefined ? undefined : fileAt(setting.ca_file),
        ...{ bindDn: setting.bind_dn, password: passwordOf(name), baseDn: setting.base_dn },
        userFilter: known(setting.user_filter ?? people),
        loginAttributes:
          setting.login_attributes ?? (isActive ? ['sAMAccountName', 'userPrincipalName', 'mail'] : ['uid', 'mail']),
        attributes: {
          name: attributes.name ?? (isActive ? 'displayName' : 'cn'),
          email: attributes.email ?? 'mail',
          username,
        },
        groups: {
          baseDn: groups.base_dn ?? setting.base_dn,
          lookup: groups.lookup ?? (isActive ? 'token_groups' : 'members'),
          filter: known(groups.filter ?? anyGroup),
          memberAttribute: groups.member_attribute ?? 'member',
          nameAttribute: groups.name_attribute ?? (isActive ? 'sAMAccountName' : 'cn'),
        },
        timeoutMilliseconds: setting.timeout_milliseconds,
        connections: setting.connections,
      },
    }
  })
}

function known(text: string): DirectoryFilter {
  const read = readDirectoryFilter(text)
  if ('fault' in read) throw new Error(read.fault)
  return read.filter
}
