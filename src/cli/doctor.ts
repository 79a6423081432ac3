import { randomBytes } from 'node:crypto'
import { createMailer } from '../adapters/mailer.ts'
import { type Config, loadConfig } from '../config.ts'
import { edgeFactsOf } from '../features/forward-auth/edge-facts.ts'
import type { MailCheck } from '../features/mail/index.ts'
import { createCookies } from '../http/cookies.ts'
import { command, CommandError, flag, print, required, text, UsageError } from './command.ts'
import { type Diagnosis, diagnose } from './doctor/diagnose.ts'
import type { Examination } from './doctor/examination.ts'
import { serveEcho } from './doctor/echo.ts'
import { openExchange } from './doctor/exchange.ts'
import { openProbe } from './doctor/probe.ts'
import { runningService } from './operator.ts'
import { createLogger } from './process.ts'
import { readPassword } from './secret-input.ts'
import { tell } from './terminal.ts'

/** `doctor --url URL`: asks through the operator's own proxy. */
export const doctor = command({
  summary: 'ask through the proxy, and say what is wrong with its configuration; exits 1 when there is a finding',
  options: {
    url: required('URL', 'a protected URL, as browsers ask for it'),
    connect: text('HOST[:PORT]', 'where the proxy listens, when the name leads elsewhere'),
    echo: text('[ADDRESS:]PORT', 'listen here as the application, which makes more checks possible'),
    'token-stdin': flag('read an access token from standard input, which makes more checks possible'),
    strict: flag('exit 1 also when a check could not be made'),
  },
  example: 'doctor --url https://app.example.com/',
  run: ask,
})

interface Asked {
  url: string
  connect: string | undefined
  echo: string | undefined
  'token-stdin': boolean
  strict: boolean
  json: boolean
}

/** Exit code 1 when there is a finding; with `--strict` also when a check was not made. */
async function ask(values: Asked): Promise<void> {
  const { url } = values
  const connect = values.connect === undefined ? undefined : addressOf(values.connect, '--connect')
  const echo = values.echo === undefined ? undefined : addressOf(values.echo, '--echo')
  if (echo !== undefined && echo.port === undefined) throw new UsageError('--echo: expected PORT or ADDRESS:PORT')
  const config = loadConfig(process.env)
  const token = values['token-stdin'] ? await readPassword(true) : undefined
  if (token !== undefined && !/^[\w.~+/-]+=*$/.test(token)) throw new UsageError('--token-stdin: expected one token')

  const marker = randomBytes(16).toString('hex')
  const prepared = await prepare(config, url)
  const { probe } = prepared
  const stopEcho = echo && (await serveEcho({ host: echo.host || '127.0.0.1', port: echo.port ?? 0 }, marker))
  const exchange = openExchange(connect && { host: connect.host || '127.0.0.1', port: connect.port })
  try {
    const diagnosis = await diagnose({ ...prepared, exchange, token, marker })
    if (values.json) print(diagnosis, true)
    else tell(render(diagnosis))
    if (diagnosis.findings.length > 0 || (values.strict && diagnosis.not_made.length > 0)) process.exitCode = 1
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`the proxy cannot be asked: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  } finally {
    exchange.close()
    await stopEcho?.()
    await probe?.close().catch(() => {})
  }
}

/** Mail is looked at from where the service runs or, without a way to it, from here. */
interface Prepared extends Pick<Examination, 'facts' | 'probe' | 'checkMail' | 'givenUpMails'> {}

/** A probe where the service can be reached; otherwise the facts of the configuration alone. */
async function prepare(config: Config, url: string): Promise<Prepared> {
  const running = await runningService(config)
  if (running !== undefined) {
    const probe = await openProbe(running, url)
    const look = () => running<MailCheck>('POST', '/mail/check')
    const checkMail = async () => (await look()).fault ?? undefined
    const givenUpMails = async () => {
      const { given_up: count, since } = await look()
      return { count, since }
    }
    return { facts: probe.facts, probe, checkMail, givenUpMails }
  }
  if (config.databaseUrl === undefined) {
    throw new CommandError('no service runs on this data directory (GATEHOUSE_DATA_DIR); start it first')
  }
  const { issuer, cookieDomain, accessRules: rules } = config
  const { other_domains: otherDomains } = config.sessions
  const { enabled, header } = config.client_certificates
  const facts = edgeFactsOf(url, {
    certificateHeader: enabled ? header : undefined,
    issuer,
    cookieDomain,
    otherDomains,
    pageCookie: createCookies(config).csrfName,
    rules,
  })
  if (facts === undefined) throw new CommandError('--url: it is ambiguous, or its host is not listed')
  const mailer = createMailer(config.mail, createLogger('error'))
  return { facts, probe: undefined, checkMail: () => mailer.check() }
}

/** `PORT`, `HOST` or `HOST:PORT`; an IPv6 address stands in brackets. */
function addressOf(given: string, option: string): { host: string; port: number | undefined } {
  const match = /^(?:(\[[0-9a-f:.]+\]|[a-z][\w.-]*|[\d.]+\.[\d.]+)(?::|$))?(\d{1,5})?$/i.exec(given)
  const [, host = '', port] = match ?? []
  if (match === null || (host === '' && port === undefined) || Number(port ?? 0) > 65_535) {
    throw new UsageError(`${option}: expected PORT, HOST or HOST:PORT`)
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? undefined : Number(port) }
}

function render({ url, proxy, findings, made, not_made: notMade }: Diagnosis): string {
  const lines = [`${url}, asked by ${proxy ?? 'a proxy that could not be seen'}`]
  for (const { finding, seen, danger, change } of findings) {
    lines.push('', `FOUND ${finding}`, `  seen    ${seen}`, `  danger  ${danger}`)
    for (const line of change) lines.push(`  change  ${line}`)
  }
  lines.push('')
  for (const { check, why } of notMade) lines.push(`not made: ${check}, since ${why}`)
  lines.push(
    `${made.length} checks made, ${notMade.length} not; ${findings.length || 'no'} finding${findings.length === 1 ? '' : 's'}`,
  )
  return `${lines.join('\n')}\n`
}
