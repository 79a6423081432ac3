/** What an operator says of directories is read at the start, and what is wrong with it is named. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config.ts'
import { readDirectoryFilter } from '../../src/core/directory-filter.ts'
import { scratchFolder } from '../support/servers.ts'

const directory = {
  ...{ name: 'staff', kind: 'ldap', url: 'ldaps://directory.example.com' },
  ...{ bind_dn: 'cn=gatehouse,dc=example,dc=com', base_dn: 'dc=example,dc=com' },
}

void test('settings of directories', async (t) => {
  const folder = scratchFolder(t)
  const load = (directories: object[], environment: Record<string, string> = {}) => {
    writeFileSync(join(folder, 'gatehouse.yaml'), stringify({ directories }))
    const given = { GATEHOUSE_CONFIG: join(folder, 'gatehouse.yaml'), GATEHOUSE_DATA_DIR: join(folder, 'data') }
    return loadConfig({ ...given, ...environment }).directories
  }
  const faults = (directories: object[], environment: Record<string, string> = {}) => {
    try {
      load(directories, environment)
    } catch (error) {
      return (error as Error).message.replaceAll(/\S*gatehouse.yaml:\d+:\d+: /g, '').split('\n')
    }
    return []
  }
  const fault = (more: object) => faults([{ ...directory, ...more }]).join('\n')

  t.match(load([directory], { GATEHOUSE_DIRECTORY_STAFF_PASSWORD: 'secret' }), [
    {
      ...{ title: 'staff', failuresPerAccount: 4, refreshSeconds: 300, firstSignIn: 'create' },
      connected: {
        ...{ host: 'directory.example.com', port: 636, security: 'implicit', password: 'secret' },
        ...{ loginAttributes: ['uid', 'mail'], groups: { lookup: 'members', memberAttribute: 'member' } },
      },
    },
  ])
  const ad = {
    ...directory,
    name: 'head-office',
    kind: 'active_directory',
    url: 'ldap://dc.example.com',
    ca_file: 'ca.pem',
  }
  writeFileSync(join(folder, 'password'), 'from a file\n')
  t.match(load([ad], { GATEHOUSE_DIRECTORY_HEAD_OFFICE_PASSWORD_FILE: join(folder, 'password') }), [
    {
      connected: {
        ...{ port: 389, security: 'starttls', password: 'from a file', caFile: join(folder, 'ca.pem') },
        groups: { lookup: 'token_groups', nameAttribute: 'sAMAccountName' },
      },
    },
  ])

  await t.test('name what is wrong', async (t) => {
    t.match(fault({ url: 'http://directory.example.com' }), 'directories.1.url: expected ldaps:// or ldap://')
    for (const url of [
      'ldaps://',
      'ldaps://host/dc=example',
      'ldaps://user:secret@host',
      'ldap://host:636',
      'ldaps://host:0',
    ]) {
      t.match(fault({ url }), /^directories\.1\.url: expected ldaps:\/\//, url)
    }
    t.notMatch(fault({ url: 'ldaps://user:secret@host' }), 'secret')
    t.match(fault({ user_filter: '(uid=*' }), /directories\.1\.user_filter: expected a filter .* at character 7 a \)/)
    t.match(fault({ groups: { filter: 'uid=x' } }), 'directories.1.groups.filter: expected a filter')
    t.match(fault({ groups: { lookup: 'token_groups' } }), 'directories.1.groups.lookup: expected members')
    t.match(
      fault({ login_attributes: ['uid)(x'] }),
      'directories.1.login_attributes.1: expected the name of an attribute',
    )
    t.match(fault({ trust_email_for: ['*'] }), 'directories.1.trust_email_for.1: expected a mail domain')
    t.match(
      fault({ change_password_url: 'http://x.example.com' }),
      'directories.1.change_password_url: expected an https URL',
    )
    t.match(
      fault({ roles: { Staff: ['a'], staff: ['b'] } }),
      'directories.1.roles.Staff: this group is there in another',
    )
    t.match(fault({ refresh_seconds: 10 }), 'directories.1.refresh_seconds: expected a whole number from 120')
    t.match(fault({ starttls: false }), /directories\.1\.starttls: /, 'there is no way without TLS')
    t.match(faults([directory, directory]).join(''), 'directories.2.name: another directory has this name')
    t.match(faults([], { GATEHOUSE_DIRECTORY_STAFF_PASSWORD: 'x' }), [
      /^GATEHOUSE_DIRECTORY_STAFF_PASSWORD: there is no such/,
    ])
  })
})

void test('filters are read as RFC 4515 has them', async (t) => {
  const read = (text: string) => readDirectoryFilter(text)
  const [attribute, value] = ['cn', 'ü*(']
  t.same(read('(cn=\\c3\\bc\\2a\\28)'), { filter: { kind: 'equal', attribute, value } }, 'escapes are bytes of UTF-8')
  t.same(read('( & (objectClass=person) (!(cn>=a)) )'), {
    filter: {
      kind: 'and',
      filters: [
        { kind: 'equal', attribute: 'objectClass', value: 'person' },
        { kind: 'not', filter: { kind: 'greater', attribute, value: 'a' } },
      ],
    },
  })
  t.match(read('(cn=a*b*c)'), { filter: { kind: 'substrings', initial: 'a', any: ['b'], final: 'c' } })
  t.match(read('(cn=*)'), { filter: { kind: 'present' } })
  t.match(read('(memberOf:1.2.840.113556.1.4.1941:=cn=a,dc=b)'), {
    filter: { kind: 'rule', attribute: 'memberOf', rule: '1.2.840.113556.1.4.1941', value: 'cn=a,dc=b' },
  })
  t.match(read('(ou:dn:=staff)'), { filter: { kind: 'rule', attribute: 'ou', isDnIncluded: true } })
  for (const text of [
    '',
    '()',
    '(cn)',
    '(cn=a',
    'cn=a',
    '(cn=a))',
    '(&)',
    '(cn=a\\2)',
    '(cn=\\ff)',
    '(=a)',
    '(cn=a)(cn=b)',
    '(!(cn=a)(cn=b))',
    '(:=x)',
    `${'(!'.repeat(30)}(cn=a)${')'.repeat(30)}`,
  ]) {
    t.match(read(text), { fault: /^a filter/ }, text)
  }
})
