/** Debian's OpenLDAP server on loopback, with people of a test's own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Attribute, Change, Client } from 'ldapts'
import { authorityIn } from './certificates.ts'
import { until } from './patience.ts'
import { findProgram, freePort, listening, scratchFolder } from './servers.ts'

export const suffix = 'dc=example,dc=test'
export const serviceDn = `cn=gatehouse,${suffix}`
export const servicePassword = 'the service of this test'
const rootDn = `cn=root,${suffix}`
const rootPassword = 'root of this test'

export interface LdapServer {
  /** `ldaps://localhost:…`, and the port of `ldap://`, which takes StartTLS. */
  url: string
  clearUrl: string
  port: number
  clearPort: number
  /** The authority of its certificate, which is for localhost. */
  ca: string
  /** Does something as its administrator. */
  as<T>(task: (client: Client) => Promise<T>): Promise<T>
  add(dn: string, attributes: Record<string, string | string[]>): Promise<void>
  /** Replaces values; none takes the attribute away. */
  set(dn: string, attributes: Record<string, string | string[]>): Promise<void>
  remove(dn: string): Promise<void>
  rename(dn: string, to: string): Promise<void>
  halt(): Promise<void>
  resume(): Promise<void>
  /** Keeps its process from answering, and lets it go on. */
  freeze(): Promise<void>
  thaw(): void
}

interface Teardown {
  teardown(after: () => unknown): unknown
}

/** What an administrator's client does on a server, by whatever URL and DN. */
export function administering(url: string, dn: string, password: string) {
  const as = async <T>(task: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({ url, ...(url.startsWith('ldaps:') && { tlsOptions: { rejectUnauthorized: false } }) })
    try {
      await client.bind(dn, password)
      return await task(client)
    } finally {
      await client.unbind()
    }
  }
  return {
    as,
    add: (dn: string, attributes: Record<string, string | string[]>) => as((client) => client.add(dn, attributes)),
    set: (dn: string, attributes: Record<string, string | string[]>) =>
      as((client) =>
        client.modify(
          dn,
          Object.entries(attributes).map(([type, values]) => {
            const modification = new Attribute({ type, values: [values].flat() })
            return new Change({ operation: 'replace', modification })
          }),
        ),
      ),
    remove: (dn: string) => as((client) => client.del(dn)),
    rename: (dn: string, to: string) => as((client) => client.modifyDN(dn, to)),
  }
}

/** Whether tests can have one. */
export const hasSlapd = () => findProgram('slapd') !== undefined

/**
 * Starts one that ends with the test. Its people stand in `ou=people`, its groups in `ou=groups`, and `ldif` adds to them. Its policy
 * of passwords locks after three wrong ones.
 */
export async function startSlapd(t: Teardown, { ldif = '' } = {}): Promise<LdapServer> {
  const folder = scratchFolder(t)
  const [port, clearPort] = [await freePort(), await freePort()]
  const { ca, issue } = authorityIn(join(folder, 'tls'))
  const { cert, key } = issue('server', 'localhost', 'DNS:localhost')
  mkdirSync(join(folder, 'data'))
  const schema = ['core', 'cosine', 'nis', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`)
  const modules = ['back_mdb', 'memberof', 'ppolicy'].map((name) => `moduleload ${name}`)
  writeFileSync(
    join(folder, 'slapd.conf'),
    [
      ...schema,
      'modulepath /usr/lib/ldap',
      ...modules,
      `pidfile ${folder}/slapd.pid`,
      `TLSCertificateFile ${cert}`,
      `TLSCertificateKeyFile ${key}`,
      'database mdb',
      `suffix ${suffix}`,
      `rootdn ${rootDn}`,
      `rootpw "${rootPassword}"`,
      `directory ${folder}/data`,
      'dbnosync',
      'index objectClass,uid,mail,member,entryUUID eq',
      `access to attrs=userPassword by anonymous auth by * none`,
      `access to * by dn.exact="${serviceDn}" read by * none`,
      `limits dn.exact="${serviceDn}" size.soft=500 size.hard=500 size.prtotal=unlimited`,
      'overlay memberof',
      'overlay ppolicy',
      `ppolicy_default cn=policy,${suffix}`,
      'ppolicy_use_lockout',
    ].join('\n'),
  )
  writeFileSync(join(folder, 'first.ldif'), `${firstEntries}\n${ldif}`)
  execFileSync('/usr/sbin/slapadd', ['-q', '-f', join(folder, 'slapd.conf'), '-l', join(folder, 'first.ldif')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let server: ChildProcess
  const resume = async () => {
    const urls = `ldap://127.0.0.1:${clearPort} ldaps://127.0.0.1:${port}`
    server = spawn(findProgram('slapd')!, ['-f', join(folder, 'slapd.conf'), '-h', urls, '-d', '0'], {
      stdio: 'ignore',
    })
    await listening(port)
  }
  const halt = async () => {
    const ended = new Promise((done) => server.once('exit', done))
    if (server.exitCode === null && server.signalCode === null && server.kill('SIGKILL')) await ended
  }
  await resume()
  t.teardown(halt)
  return {
    ...administering(`ldap://127.0.0.1:${clearPort}`, rootDn, rootPassword),
    ...{ url: `ldaps://localhost:${port}`, clearUrl: `ldap://localhost:${clearPort}`, port, clearPort, ca },
    halt,
    resume,
    async freeze() {
      server.kill('SIGSTOP')
      const state = () => /^State:\t(\w)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]
      await until('slapd has stopped', () => state() === 'T')
    },
    thaw: () => void server.kill('SIGCONT'),
  }
}

export const personDn = (uid: string) => `uid=${uid},ou=people,${suffix}`
export const groupDn = (cn: string) => `cn=${cn},ou=groups,${suffix}`

/** A person, as `add` and LDIF take them. */
export function person(uid: string, password: string, more: Record<string, string | string[]> = {}) {
  return {
    ...{ objectClass: 'inetOrgPerson', uid, cn: `Person ${uid}`, sn: uid, mail: `${uid}@example.test` },
    userPassword: password,
    ...more,
  }
}

export function toLdif(dn: string, attributes: Record<string, string | string[]>): string {
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}:: ${Buffer.from(value).toString('base64')}`),
  )
  return [`dn:: ${Buffer.from(dn).toString('base64')}`, ...lines, '', ''].join('\n')
}

const firstEntries = [
  toLdif(suffix, { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'Example' }),
  toLdif(serviceDn, {
    objectClass: ['applicationProcess', 'simpleSecurityObject'],
    cn: 'gatehouse',
    userPassword: servicePassword,
  }),
  toLdif(`ou=people,${suffix}`, { objectClass: 'organizationalUnit', ou: 'people' }),
  toLdif(`ou=groups,${suffix}`, { objectClass: 'organizationalUnit', ou: 'groups' }),
  toLdif(`cn=policy,${suffix}`, {
    objectClass: ['pwdPolicy', 'device'],
    ...{ cn: 'policy', pwdAttribute: 'userPassword', pwdLockout: 'TRUE', pwdMaxFailure: '3', pwdMustChange: 'TRUE' },
  }),
].join('')
