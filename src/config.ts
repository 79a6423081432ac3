import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { readDatabaseUrl } from './core/database-url.ts'
import { SetupError } from './core/errors.ts'
import { readIssuer } from './core/issuer.ts'
import { readRedisUrl } from './core/redis-url.ts'
import { faultsBeside, readSmtpUrl } from './core/smtp-url.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { type ConfigFile, type FileContent, parseConfigFile, type ReadConfigFile } from './config-file.ts'
import { isSameSite, readCookieDomain, readRpId } from './cookie-domain.ts'
import {
  type AccountSettings,
  type RegistrationMode,
  mailDomainsOf,
  registrationOf,
} from './features/accounts/settings.ts'
import { type DirectoryConfig, directoriesOf, passwordVariable } from './features/directories/configured-settings.ts'
import type { AccessRules } from './features/forward-auth/host-settings.ts'
import { type Provider, providersOf } from './features/upstream/settings.ts'
import type { Presentation } from './i18n/languages.ts'
import { readPresentation } from './presentation.ts'

/** A setting that is missing, unknown or invalid. The message names it and what was expected, never its value. */
export class ConfigError extends SetupError {}

export interface Config extends Readonly<
  Omit<ConfigFile, 'mail' | 'accounts' | 'branding' | 'cors' | 'directories' | 'outgoing'>
> {
  /** Hosts and networks that may be asked at the wish of programs, and who vouches for them. */
  readonly outgoing: { readonly allow: readonly string[]; readonly caFile: string | undefined }
  /** `sameSite`: those of the origins whose pages send the refresh cookie. */
  readonly cors: Readonly<ConfigFile['cors'] & { sameSite: readonly string[] }>
  /** `linksAccounts`: whether people sign in by accounts elsewhere; `takesPasswords`: whether they do by a password. */
  readonly accounts: Readonly<
    Omit<AccountSettings, 'registration'> & {
      registration: RegistrationMode
      linksAccounts: boolean
      takesPasswords: boolean
    }
  >
  readonly directories: readonly DirectoryConfig[]
  /** `branding`, with what stands in the files that it names. */
  readonly presentation: Presentation
  /** `sign_in.providers`, with their secrets. */
  readonly providers: readonly Provider[]
  /** `hosts`, ready to decide. */
  readonly accessRules: AccessRules
  readonly host: string
  readonly port: number
  /** Absolute URL without a slash at its end, maybe with a path: the `iss` of every token and the base of every link. */
  readonly issuer: string
  readonly dataDirectory: string
  /** Path of gatehouse.yaml, whether or not it exists. */
  readonly configFile: string
  /** What stood there at the start. */
  readonly configContent: FileContent
  /** What is allowed to stand there, and will not have been meant: `file:line:column: key: reason`. */
  readonly warnings: readonly string[]
  readonly databaseUrl: string | undefined
  readonly redisUrl: string | undefined
  /** 32 bytes each, from which every key of the service is derived; the first is in use, the others still open things. */
  readonly secrets: readonly [Uint8Array, ...Uint8Array[]]
  readonly mail: {
    readonly from: string
    /** Absent: mails become files in the outbox. */
    readonly smtpUrl: string | undefined
    /** Whether a mail goes to a server on another machine over TLS or not at all. */
    readonly requiresTls: boolean
    readonly outboxDirectory: string
    /** A folder of the operator's own texts. */
    readonly templates: string | undefined
  }
  /** The domain that passkeys are made for; nothing where there are none. */
  readonly passkeys: { readonly rpId: string | undefined }
  readonly cookieDomain: string | undefined
  readonly logLevel: LogLevel
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * Reads environment and gatehouse.yaml into one frozen value. Throws a `ConfigError` that lists every fault at once.
 * In embedded mode the service's secret is made and kept in the data directory when none is given. `needsSecrets`: false for a command
 * that speaks with no provider.
 */
export function loadConfig(given: Environment, { needsSecrets = true }: { needsSecrets?: boolean } = {}): Config {
  const faults: string[] = []
  const { environment, nameOf } = readEnvironment(given, (name, reason) => faults.push(`${name}: ${reason}`))
  const read = <T>(name: string, fallback: T, parse: (text: string) => T | undefined, expected: string): T => {
    const text = environment[name]
    if (text === undefined || text === '') return fallback
    const value = parse(text)
    if (value === undefined) faults.push(`${nameOf(name)}: expected ${expected}`)
    return value ?? fallback
  }

  const host = read('HOST', '127.0.0.1', (text) => text, 'an address to listen on')
  const port = read('PORT', 3000, parsePort, 'a port number from 0 to 65535')
  const tell = (name: string, told: readonly string[]) =>
    faults.push(
      ...told.map((fault) => (fault.startsWith(`${name}:`) ? `${nameOf(name)}${fault.slice(name.length)}` : fault)),
    )
  const databaseUrl = environment['DATABASE_URL'] || undefined
  if (databaseUrl !== undefined) {
    const read = readDatabaseUrl(databaseUrl, environment)
    if (read.kind === 'faulty') tell('DATABASE_URL', read.faults)
  }
  const redisUrl = environment['REDIS_URL'] || undefined
  if (redisUrl !== undefined) {
    const read = readRedisUrl(redisUrl)
    if (read.kind === 'faulty') tell('REDIS_URL', read.faults)
  }
  const smtpUrl = environment['SMTP_URL'] || undefined
  const smtpRead = smtpUrl === undefined ? undefined : readSmtpUrl(smtpUrl)
  if (smtpRead?.kind === 'faulty') tell('SMTP_URL', smtpRead.faults)
  const logLevel = read('LOG_LEVEL', 'info', (text) => logLevels.find((level) => level === text), logLevels.join(', '))
  const issuerRead = readIssuer(environment['GATEHOUSE_ISSUER'] || `http://localhost:${port}`)
  if ('fault' in issuerRead) faults.push(`GATEHOUSE_ISSUER: ${issuerRead.fault}`)
  const issuer = 'fault' in issuerRead ? 'http://localhost' : issuerRead.issuer
  const cookieDomain = domainOf(environment['GATEHOUSE_COOKIE_DOMAIN'], issuer, faults)
  const dataDirectory = resolve(environment['GATEHOUSE_DATA_DIR'] || 'data')
  const secret = read('GATEHOUSE_SECRET', undefined, parseSecret, '32 bytes in base64')
  if (secret !== undefined && isPredictable(secret)) faults.push(`${nameOf('GATEHOUSE_SECRET')}: ${noRandomBytes}`)
  const previous = read('GATEHOUSE_SECRET_PREVIOUS', undefined, parseSecret, '32 bytes in base64')
  if (databaseUrl !== undefined && secret === undefined) {
    faults.push(`${nameOf('GATEHOUSE_SECRET')}: expected 32 bytes in base64 (required with DATABASE_URL)`)
  }

  const configFile = environment['GATEHOUSE_CONFIG'] || 'gatehouse.yaml'
  const configContent = contentOf(configFile)
  const fromFile = readConfigFile(configFile, configContent, {
    isNamed: Boolean(environment['GATEHOUSE_CONFIG']),
    issuer,
    cookieDomain,
  })
  if (fromFile.kind === 'faulty') faults.push(...fromFile.faults)
  else if (smtpRead?.kind === 'read') tell('SMTP_URL', faultsBeside(smtpRead.address, fromFile.file.mail.require_tls))
  const faultOfSecret = (name: string, reason: string) => {
    if (needsSecrets) tell(name, [`${name}: ${reason}`])
  }
  const providers =
    fromFile.kind === 'read' ? providersOf(fromFile.file.sign_in.providers, environment, faultOfSecret) : []
  const shown = fromFile.kind === 'read' ? readPresentation(fromFile.file, configFile) : undefined
  const named =
    fromFile.kind === 'read' ? fromFile.file.directories.map(({ name }) => passwordVariable(name)) : undefined
  for (const name of Object.keys(environment).filter((name) =>
    /^GATEHOUSE_DIRECTORY_.*_PASSWORD(_FILE)?$/.test(name),
  )) {
    const isTaken = named === undefined || named.includes(name.replace(/_FILE$/, ''))
    if (!isTaken) faults.push(`${name}: there is no such directory in gatehouse.yaml`)
  }
  if (shown?.kind === 'faulty') faults.push(...shown.faults)
  if (faults.length > 0 || fromFile.kind === 'faulty' || shown?.kind !== 'read')
    throw new ConfigError(faults.join('\n'))

  const { mail, accounts, branding: _, cors, directories, outgoing, ...rest } = fromFile.file
  const hasEmbeddedStores = databaseUrl === undefined && redisUrl === undefined
  return Object.freeze({
    ...rest,
    accounts: {
      ...accounts,
      domains: mailDomainsOf(accounts),
      registration: registrationOf(accounts, { issuer, hasEmbeddedStores, takesPasswords: rest.sign_in.passwords }),
      linksAccounts: providers.length > 0,
      takesPasswords: rest.sign_in.passwords,
    },
    passkeys: passkeysOf(fromFile.file, issuer),
    outgoing: {
      allow: outgoing.allow,
      caFile: outgoing.ca_file === undefined ? undefined : resolve(dirname(configFile), outgoing.ca_file),
    },
    cors: { ...cors, sameSite: cors.origins.filter((origin) => isSameSite(origin, issuer)) },
    directories: directoriesOf(directories, {
      passwordOf: (name) => environment[passwordVariable(name)] || undefined,
      fileAt: (path) => resolve(dirname(configFile), path),
    }),
    providers,
    presentation: shown.presentation,
    accessRules: fromFile.accessRules,
    warnings: fromFile.warnings,
    host,
    port,
    issuer,
    dataDirectory,
    configFile: resolve(configFile),
    configContent,
    databaseUrl,
    redisUrl,
    secrets: [secret ?? keptSecret(dataDirectory), ...(previous === undefined ? [] : [previous])] as const,
    mail: {
      from: mail.from ?? `${mailboxName(shown.presentation.name)} <no-reply@${new URL(issuer).hostname}>`,
      smtpUrl,
      requiresTls: mail.require_tls,
      outboxDirectory: join(dataDirectory, 'outbox'),
      templates: templatesFolder(mail, configFile),
    },
    cookieDomain,
    logLevel,
  })
}

/** For which domain there are passkeys; nothing where there are none. */
function passkeysOf({ sign_in: { passkeys } }: ConfigFile, issuer: string): { rpId: string | undefined } {
  const read = readRpId(passkeys.rp_id, issuer)
  return { rpId: passkeys.enabled && 'rpId' in read ? read.rpId : undefined }
}

/** A name as it stands before an address (RFC 5322 §3.2.4): without what ends a quoted text. */
function mailboxName(name: string): string {
  return /^[\w ]+$/.test(name) ? name : `"${name.replaceAll(/["\\<>]/g, '')}"`
}

/** The folder of the operator's own texts of mails, which is named from where gatehouse.yaml stands. */
export function templatesFolder(mail: ConfigFile['mail'], configFile: string): string | undefined {
  return mail.templates === undefined ? undefined : resolve(dirname(configFile), mail.templates)
}

function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
}

/** The cookie domain, if one is set; what is wrong with it goes to the faults. */
function domainOf(text: string | undefined, issuer: string, faults: string[]): string | undefined {
  // Of the URL that stands in for a faulty issuer nothing can be below the domain.
  if (!text || faults.some((fault) => fault.startsWith('GATEHOUSE_ISSUER:'))) return undefined
  const read = readCookieDomain(text, issuer)
  if ('domain' in read) return read.domain
  faults.push(`GATEHOUSE_COOKIE_DOMAIN: expected ${read.expected}`)
  return undefined
}

function parseSecret(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === 32 && /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? bytes : undefined
}

const noRandomBytes =
  'expected 32 random bytes in base64, and these repeat or count; make some with openssl rand -base64 32'

/**
 * Whether a secret is a placeholder: bytes that repeat, count up or down, or are hardly different ones. Of random ones a
 * share of less than 2⁻⁸⁰ looks so. The previous secret may be one, since that is how a bad one is replaced.
 */
function isPredictable(secret: Uint8Array): boolean {
  const repeatsAfter = (period: number) => secret.every((byte, at) => at < period || byte === secret[at - period])
  const step = secret[1]! - secret[0]!
  const counts = secret.every((byte, at) => at === 0 || byte === ((secret[at - 1]! + step) & 0xff))
  return counts || new Set(secret).size < 12 || Array.from({ length: 16 }, (_, at) => at + 1).some(repeatsAfter)
}

/** The embedded mode's own secret, created once with mode 0600. */
function keptSecret(dataDirectory: string): Uint8Array {
  const path = join(dataDirectory, 'secret')
  if (!existsSync(path)) {
    try {
      mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
      writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EEXIST')
        throw new ConfigError(`GATEHOUSE_DATA_DIR: expected a folder that can be written (${code})`)
    }
  }
  const secret = parseSecret(readFileSync(path, 'utf8').trim())
  if (secret === undefined)
    throw new ConfigError('the file "secret" in GATEHOUSE_DATA_DIR: expected 32 bytes in base64')
  if (isPredictable(secret)) throw new ConfigError(`the file "secret" in GATEHOUSE_DATA_DIR: ${noRandomBytes}`)
  return secret
}

function contentOf(path: string): FileContent {
  try {
    return { text: readFileSync(path, 'utf8') }
  } catch (error) {
    return { unreadable: (error as NodeJS.ErrnoException).code ?? 'unknown' }
  }
}

function readConfigFile(
  path: string,
  content: FileContent,
  { isNamed, ...place }: { isNamed: boolean; issuer: string; cookieDomain: string | undefined },
): ReadConfigFile {
  if ('text' in content) return parseConfigFile(content.text, path, place.issuer, place.cookieDomain)
  if (!isNamed && content.unreadable === 'ENOENT') return parseConfigFile('', path)
  return { kind: 'faulty', faults: [`GATEHOUSE_CONFIG: expected a readable file (${content.unreadable})`] }
}
