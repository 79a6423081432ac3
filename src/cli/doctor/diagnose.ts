import { randomBytes } from 'node:crypto'
import type { EdgeFacts } from '../../features/forward-auth/edge-facts.ts'
import { CommandError } from '../command.ts'
import { systemClock } from '../process.ts'
import { advice, type FindingName, type Proxy } from './advice.ts'
import type { Check } from './check.ts'
import * as checks from './checks.ts'
import type { Asked, Examination, Outcome } from './examination.ts'
import { markerHeader } from './echo.ts'
import type { Exchange } from './exchange.ts'
import type { Probe } from './probe.ts'

export interface Diagnosis {
  url: string
  /** The dialect in which the proxy asked; absent when that could not be seen. */
  proxy?: string
  findings: { finding: FindingName; seen: string; danger: string; change: string[] }[]
  made: string[]
  not_made: { check: string; why: string }[]
}

/**
 * Asks through the operator's own proxy and says what is wrong with it. `token` is an access token for requests that
 * need a permitted answer; it goes to the URL's own host alone.
 */
export async function diagnose(options: {
  facts: EdgeFacts
  probe: Probe | undefined
  exchange: Exchange
  checkMail: Examination['checkMail']
  givenUpMails?: Examination['givenUpMails']
  token?: string | undefined
  marker?: string
}): Promise<Diagnosis> {
  const { facts, probe, exchange, checkMail, givenUpMails, token, marker = randomBytes(16).toString('hex') } = options
  const examination: Examination = {
    facts,
    probe,
    marker,
    token,
    exchange,
    checkMail,
    givenUpMails,
    async ask({ anonymous = false, headers = [], ...request } = {}) {
      const lines = [
        [markerHeader, marker] as const,
        ...(probe === undefined ? [] : [probe.header]),
        ...(token === undefined || anonymous ? [] : [['Authorization', `Bearer ${token}`] as const]),
        ...headers,
      ]
      const reply = await exchange.send({ url: facts.url, ...request, headers: lines })
      const here = systemClock.now()
      const news = await probe?.news()
      return { reply, observations: news?.observations ?? [], clocks: { service: news?.now, here } }
    },
  }

  const first = await examination.ask()
  const proxy = first.observations[0]?.dialect
  const diagnosis: Diagnosis = {
    url: facts.url,
    ...(proxy !== undefined && { proxy }),
    findings: [],
    made: [],
    not_made: [],
  }
  const note = (name: FindingName, outcome: Outcome) => {
    if (outcome !== undefined && 'notMade' in outcome) diagnosis.not_made.push({ check: name, why: outcome.notMade })
    else diagnosis.made.push(name)
    if (outcome === undefined || !('found' in outcome)) return
    const finding = outcome.as ?? name
    const { danger, change } = advice[finding]
    const lines =
      proxy !== undefined && proxy in change ? [change[proxy as Proxy]] : [...new Set(Object.values(change))]
    diagnosis.findings.push({ finding, seen: outcome.found, danger, change: lines })
  }

  const asked = checks.isAsked(examination, first)
  note('not_asked', asked)
  const blocked =
    asked !== undefined && 'found' in asked ? 'the proxy did not put its question as it should' : undefined
  for (const [name, check] of Object.entries(checks.inOrder) as [FindingName, Check][]) {
    const needsAnswers = !checks.independent.has(name)
    note(name, blocked !== undefined && needsAnswers ? { notMade: blocked } : await attempt(check, examination, first))
  }
  return diagnosis
}

/** A proxy that cuts the connection spoils one check, not the others. */
async function attempt(check: Check, examination: Examination, first: Asked): Promise<Outcome> {
  try {
    return await check(examination, first)
  } catch (error) {
    if (error instanceof CommandError) throw error
    return { notMade: `the proxy did not answer (${(error as NodeJS.ErrnoException).code ?? String(error)})` }
  }
}
