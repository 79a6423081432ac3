import { domainToASCII } from 'node:url'
import { canonicalDomain } from '../../core/email.ts'
import { attributeName, readDirectoryFilter } from '../../core/directory-filter.ts'
import type { DirectorySettings as Connected } from '../../core/directory.ts'
import { hostOf } from '../../core/server-url.ts'
import { type Static, Type } from '../../json-schema.ts'
import { anyKey, type Findings, type Keys, seconds, section, setting, strict } from '../../settings.ts'

const text = (title: string, maxLength = 1_000) => Type.String({ minLength: 1, maxLength, title })
const dn = () => text('a DN, such as ou=people,dc=example,dc=com')
const filter = () => text('a filter, such as (objectClass=person)', 4_000)
const attribute = () =>
  Type.String({ pattern: attributeName.source.replaceAll('a-z', 'a-zA-Z'), title: 'the name of an attribute' })

/** One directory of the list. */
const Directory = Type.Object(
  {
    name: setting(
      'What the directory is called in the audit trail and in the name of the variable that holds its password. Accounts are kept under it: with another name they are those of another directory.',
      Type.String({
        pattern: '^[a-z0-9][a-z0-9-]{0,31}$',
        title: 'a name of at most 32 lower-case letters, digits and hyphens',
      }),
    ),
    title: Type.Optional(
      setting('What people read of it. Left out, it is the name.', text('a text of at most 60 characters', 60)),
    ),
    kind: setting(
      'What it is: `active_directory` (Samba too), or any other one, `ldap`.',
      Type.Enum(['ldap', 'active_directory']),
    ),
    url: setting(
      'Where it is: `ldaps://` with TLS from the first byte, or `ldap://` with StartTLS. Its certificate has to be for this host.',
      text('an ldaps:// or ldap:// URL with a host and maybe a port'),
    ),
    ca_file: Type.Optional(
      setting(
        'A file in PEM with the authorities of its certificate, in place of those that Node.js trusts. A path is read from the folder of this file.',
        text('a file such as ./directory-ca.pem'),
      ),
    ),
    bind_dn: setting(
      'As whom the service looks people up. `GATEHOUSE_DIRECTORY_NAME_PASSWORD` holds the password, or the file that `GATEHOUSE_DIRECTORY_NAME_PASSWORD_FILE` names; hyphens of the name are underscores there.',
      dn(),
    ),
    base_dn: setting('Where people are, at any depth.', dn()),
    user_filter: Type.Optional(
      setting(
        'Who of the entries counts. Left out, it is `(objectClass=person)`, and in Active Directory `(&(objectCategory=person)(objectClass=user))`. Whoever it leaves out is gone.',
        filter(),
      ),
    ),
    login_attributes: Type.Optional(
      setting(
        'The attributes that hold what people may type as their name. Left out, they are `uid` and `mail`, and in Active Directory `sAMAccountName`, `userPrincipalName` and `mail`.',
        Type.Array(attribute(), { minItems: 1, title: 'a list of attributes with at least one: [uid, …]' }),
      ),
    ),
    attributes: section({
      name: Type.Optional(setting('The name of the person. Left out, `displayName`, and of `ldap` `cn`.', attribute())),
      email: Type.Optional(setting('The mail address. Left out, `mail`.', attribute())),
      username: Type.Optional(
        setting('The user name. Left out, `uid`, and in Active Directory `sAMAccountName`.', attribute()),
      ),
    }),
    groups: section({
      base_dn: Type.Optional(setting('Where groups are, at any depth. Left out, `base_dn`.', dn())),
      lookup: Type.Optional(
        setting(
          'How the groups of a person are found. `token_groups` (the default of Active Directory): as Windows does it, all but those for mail alone. `matching_rule`: by the rule 1.2.840.113556.1.4.1941, with those for mail and without the primary one; slow. `members` (the default of `ldap`): by searching the groups that list the person, then those that list these.',
          Type.Enum(['token_groups', 'matching_rule', 'members']),
        ),
      ),
      filter: Type.Optional(
        setting(
          'Which entries are groups, for `matching_rule` and `members`. Left out, `(objectClass=group)` in Active Directory, and elsewhere those of the classes groupOfNames, groupOfUniqueNames and posixGroup.',
          filter(),
        ),
      ),
      member_attribute: Type.Optional(
        setting(
          'What a group lists its members by: `member` (the default), `uniqueMember`, or with `memberUid` their user names, and then there are no groups of groups.',
          attribute(),
        ),
      ),
      name_attribute: Type.Optional(
        setting(
          'The name of a group. Left out, `cn`, and in Active Directory `sAMAccountName`. Groups of one name are one group here.',
          attribute(),
        ),
      ),
    }),
    roles: setting(
      'Which roles follow from a group: they come and go with it, at each sign-in and each look. Roles that an operator has given stay. Capital letters do not matter.',
      Type.Record(anyKey, Type.Array(Type.String(), { title: 'a list of roles: [editor, …]' }), {
        title: 'a table of groups with their roles: { writers: [editor] }',
        default: {},
      }),
    ),
    first_sign_in: setting(
      'What becomes of somebody of the directory who has no account here: `create` makes one, `refuse` lets nobody in whose account was not connected before.',
      Type.Enum(['create', 'refuse'], { default: 'create' }),
    ),
    trust_email_for: setting(
      'Mail domains of which the directory is believed who owns an address: it counts as verified, and an account that is there with the same verified address becomes that of the person in the directory.',
      Type.Array(Type.String(), { title: 'a list of mail domains: [example.com, …]', default: [] }),
    ),
    refresh_seconds: setting(
      'After how long, at most, people who have sessions or API keys are looked up again: who is disabled, expired or gone there is signed out, and roles go with groups.',
      seconds(300, 120, 86_400),
    ),
    change_password_url: Type.Optional(
      setting(
        'Where people change or reset their password of this directory, which they do not do here.',
        text('an https URL'),
      ),
    ),
    failures_per_account: setting(
      'How many wrong passwords of one account are sent there, within `lockout_window_seconds` of one another. Fewer than the directory takes before it locks the account, so that nobody is locked out from here.',
      Type.Integer({ minimum: 2, maximum: 1_000, default: 4 }),
    ),
    lockout_window_seconds: setting(
      'After how long without a failure the directory forgets those before (in Active Directory "Reset account lockout counter after").',
      seconds(1_800, 60, 86_400),
    ),
    timeout_milliseconds: setting(
      'How long all questions of one sign-in may take together.',
      Type.Integer({ minimum: 100, maximum: 60_000, default: 5_000 }),
    ),
    connections: setting(
      'How many connections the service keeps to look people up. Each password is tested on one of its own, at most four times as many at once.',
      Type.Integer({ minimum: 1, maximum: 100, default: 4 }),
    ),
  },
  strict,
)

/** The `directories` section of gatehouse.yaml. */
export const DirectoriesSettings = Type.Array(Directory, {
  default: [],
  title: 'a list of directories: [{ name: staff, kind: ldap, url: … }, …]',
  description: 'Directories of an organisation, whose people sign in here, see [directories](directories.md).',
})
export type DirectoriesSettings = Static<typeof DirectoriesSettings>

/** What the schema cannot express. Each filter is read here, and never again. */
export function checkDirectoriesSettings(directories: DirectoriesSettings, findings: Findings): void {
  for (const [place, directory] of directories.entries()) {
    const fault = (keys: Keys, reason: string) => findings.fault(['directories', place, ...keys], reason)
    const others = directories.slice(0, place)
    if (others.some(({ name }) => name === directory.name)) fault(['name'], 'another directory has this name')
    const read = addressOf(directory.url)
    if ('fault' in read) fault(['url'], read.fault)
    for (const [keys, written] of [
      [['user_filter'], directory.user_filter],
      [['groups', 'filter'], directory.groups.filter],
    ] as const) {
      const filter = written === undefined ? undefined : readDirectoryFilter(written)
      if (filter !== undefined && 'fault' in filter) fault(keys, `expected ${filter.fault}`)
    }
    for (const [at, domain] of directory.trust_email_for.entries()) {
      if (canonicalDomain(domain) === undefined)
        fault(['trust_email_for', at], 'expected a mail domain, such as example.com')
    }
    if (directory.kind === 'ldap' && directory.groups.lookup === 'token_groups') {
      fault(['groups', 'lookup'], 'expected members: no directory but Active Directory has token_groups')
    }
    const { change_password_url: url } = directory
    if (url !== undefined && !/^https:\/\/[^/]/.test(url)) fault(['change_password_url'], 'expected an https URL')
    for (const [group, roles] of Object.entries(directory.roles)) {
      const isTwice = Object.keys(directory.roles).some((other) => other !== group && sameName(other, group))
      if (isTwice) fault(['roles', group], 'this group is there in another spelling too')
      if (roles.length === 0) fault(['roles', group], 'expected a list with at least one role')
    }
  }
}

/** Names of groups as directories compare them. */
export const sameName = (one: string, other: string) => one.toLowerCase() === other.toLowerCase()

/** Where a URL leads, and how; or what is wrong with it. */
export function addressOf(url: string): Pick<Connected, 'host' | 'port' | 'security'> | { fault: string } {
  const expected = 'expected ldaps:// or ldap:// with a host and maybe a port, as in ldaps://directory.example.com'
  if (!/^ldaps?:\/\/[^/?#@]+\/?$/i.test(url) || !URL.canParse(url)) return { fault: expected }
  const read = new URL(url)
  const isImplicit = read.protocol === 'ldaps:'
  const written = hostOf(read)
  const host = /[:]/.test(written) ? written : domainToASCII(written)
  if (host === '' || read.port === '0') return { fault: expected }
  if (read.port === '636' && !isImplicit) return { fault: 'expected ldaps:// for port 636, which begins with TLS' }
  return { host, port: Number(read.port || (isImplicit ? 636 : 389)), security: isImplicit ? 'implicit' : 'starttls' }
}
