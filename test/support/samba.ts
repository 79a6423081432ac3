/** Debian's Samba as a domain controller of Active Directory on a loopback address, with people of a test's own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { authorityIn } from './certificates.ts'
import { until } from './patience.ts'
import { findProgram, scratchFolder } from './servers.ts'
import { administering } from './slapd.ts'

export const domainDn = 'DC=ad,DC=example,DC=test'
const adminPassword = 'Administrator 1 of this test'

/** Whether tests can have one: provisioning changes the owners of files, which root alone may. */
export const hasSamba = () => findProgram('samba') !== undefined && process.getuid?.() === 0

/** Making a domain takes seconds, and copying it milliseconds: it is made once for every checkout, in the user's cache. */
function domain(): string {
  const version = execFileSync('samba', ['--version'], { encoding: 'utf8' })
  const how = createHash('sha256')
    .update(version)
    .update(readFileSync(import.meta.filename))
    .digest('hex')
    .slice(0, 16)
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'gatehouse')
  const place = join(cache, `domain-${how}`)
  if (existsSync(place)) return place
  mkdirSync(cache, { recursive: true })
  const draft = mkdtempSync(join(cache, 'domain-draft-'))
  const words = ['--realm=AD.EXAMPLE.TEST', '--domain=ADTEST', '--server-role=dc', '--dns-backend=NONE']
  const host = ['--host-name=dc', '--host-ip=127.0.0.1', `--adminpass=${adminPassword}`, `--targetdir=${draft}`]
  execFileSync('samba-tool', ['domain', 'provision', ...words, ...host], { stdio: ['ignore', 'ignore', 'pipe'] })
  try {
    renameSync(draft, place)
  } catch (error) {
    // Where somebody else was quicker, theirs is as good.
    if (!existsSync(place)) throw error
    rmSync(draft, { recursive: true })
  }
  return place
}

export interface DomainController {
  url: string
  clearUrl: string
  host: string
  ca: string
  as: ReturnType<typeof administering>['as']
  add: ReturnType<typeof administering>['add']
  set: ReturnType<typeof administering>['set']
  remove: ReturnType<typeof administering>['remove']
  rename: ReturnType<typeof administering>['rename']
  /** Takes entries in LDIF, thousands in some seconds. */
  load(ldif: string): void
  tool(...words: string[]): void
}

/** Starts one that ends with the test. It locks an account after so many wrong passwords. */
export async function startSamba(
  t: { teardown(after: () => unknown): unknown },
  { lockoutThreshold = 3 } = {},
): Promise<DomainController> {
  const folder = scratchFolder(t)
  cpSync(domain(), folder, { recursive: true })
  // It takes the ports of the protocol, so each has an address of its own.
  const host = `127.${randomInt(2, 250)}.${randomInt(1, 250)}.${randomInt(1, 250)}`
  const { ca, issue } = authorityIn(join(folder, 'own-tls'))
  const { cert, key } = issue('server', 'dc.ad.example.test', `IP:${host},DNS:dc.ad.example.test`)
  const conf = join(folder, 'smb.conf')
  const places = ['private', 'state', 'cache', 'lock', 'pid', 'winbindd socket', 'ncalrpc'].map((name) => {
    const place = join(folder, name === 'private' ? name : `own-${name.replace(' ', '-')}`)
    mkdirSync(place, { recursive: true, mode: 0o755 })
    return `${name} ${name === 'ncalrpc' ? 'dir' : 'directory'} = ${place}`
  })
  writeFileSync(
    conf,
    [
      '[global]',
      ...['netbios name = DC', 'realm = AD.EXAMPLE.TEST', 'workgroup = ADTEST'],
      ...['server role = active directory domain controller', 'server services = ldap', 'dcerpc endpoint servers ='],
      ...[`interfaces = ${host}/8`, 'bind interfaces only = yes', `log file = ${folder}/samba.log`],
      ...[`tls keyfile = ${key}`, `tls certfile = ${cert}`, `tls cafile = ${ca}`],
      ...places,
    ].join('\n'),
  )
  const database = join(folder, 'private/sam.ldb')
  const run = (program: string, ...words: string[]) =>
    execFileSync(program, words, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  const policy = [`--account-lockout-threshold=${lockoutThreshold}`, '--min-pwd-age=0', '--complexity=off']
  const tool = (...words: string[]) => void run('samba-tool', ...words, '-s', conf, '-H', database)
  tool('domain', 'passwordsettings', 'set', ...policy)

  const words = ['-i', '-M', 'single', '--maximum-runtime=600', '-s', conf]
  const server: ChildProcess = spawn(findProgram('samba')!, words, { stdio: ['pipe', 'ignore', 'ignore'] })
  t.teardown(async () => {
    const ended = new Promise((done) => server.once('exit', done))
    if (server.exitCode === null && server.kill('SIGKILL')) await ended
  })
  await until(`something listens on ${host}:636`, () => isOpen(host))
  return {
    ...administering(`ldaps://${host}`, `CN=Administrator,CN=Users,${domainDn}`, adminPassword),
    ...{ url: `ldaps://${host}`, clearUrl: `ldap://${host}`, host, ca, tool },
    load(ldif) {
      writeFileSync(join(folder, 'more.ldif'), ldif)
      run('ldbadd', '-H', database, `--configfile=${conf}`, join(folder, 'more.ldif'))
    },
  }
}

function isOpen(host: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host, port: 636 }, () => {
      socket.destroy()
      done(true)
    }).once('error', () => done(false))
  })
}

export const userDn = (name: string) => `CN=${name},CN=Users,${domainDn}`

/** A person, as LDIF takes them. Without 512 they are disabled. */
export function adPerson(name: string, password: string, more: Record<string, string | string[]> = {}) {
  return {
    ...{ objectClass: 'user', sAMAccountName: name, userPrincipalName: `${name}@ad.example.test` },
    ...{ displayName: `Person ${name}`, mail: `${name}@example.test`, userAccountControl: '512' },
    ...more,
    unicodePwd: Buffer.from(`"${password}"`, 'utf16le'),
  }
}

export function toAdLdif(dn: string, attributes: Record<string, string | string[] | Buffer>): string {
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}:: ${Buffer.from(value as string).toString('base64')}`),
  )
  return [`dn: ${dn}`, ...lines, '', ''].join('\n')
}
