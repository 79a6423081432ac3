import { setTimeout as sleep } from 'node:timers/promises'
import type { ShownAuditEvent } from '../features/audit-log/index.ts'
import { spellControls } from '../core/plain-text.ts'
import type { Page } from '../http/lists.ts'
import { command, flag, group, print, text, UsageError } from './command.ts'
import { type Operator, withOperator } from './operator.ts'
import { tell } from './terminal.ts'

const pageSize = 1_000
const followEveryMilliseconds = 500
/** Replicas write their events a little later than they happen, so what is followed is read again so far back. */
const overlapMilliseconds = 10_000

/** The audit trail: `audit tail`. */
export const audit = group({
  tail: command({
    summary: 'print the newest events, oldest first; with --since all from that time on',
    options: {
      event: text('EVENT', 'of this name alone, such as refresh.reused'),
      user: text('ID_OR_EMAIL', 'about this person alone'),
      since: text('TIME', 'from then on, such as 2030-01-31T12:00:00Z'),
      limit: text('N', 'so many at most; 50 unless --since is given'),
      follow: flag('go on with what happens from now on'),
    },
    example: 'audit tail --user ada@example.com --since 2030-01-31T12:00:00Z',
    run: tail,
  }),
})

interface Asked {
  event: string | undefined
  user: string | undefined
  since: string | undefined
  limit: string | undefined
  follow: boolean
  json: boolean
}

/** Prints the newest events, oldest first; with `--since` all from that time on, with `--follow` also those to come. */
async function tail(values: Asked): Promise<void> {
  const { event, user, follow, json } = values
  const since = values.since === undefined ? undefined : readTime(values.since)
  const limit =
    values.limit === undefined ? (since === undefined ? 50 : Number.POSITIVE_INFINITY) : Number(values.limit)
  if (!(limit >= 1)) throw new UsageError('audit tail: --limit expects a number from 1 on')
  await withOperator(async (operator) => {
    const query = { ...(event && { event }), ...(user && { user }) }
    const first = await read(operator, { ...query, ...(since && { since }) }, limit)
    if (!follow) return json ? print(first, true) : print(first.map(brief), false)
    const shown = new Set<string>()
    let newest = since === undefined ? Date.now() : Date.parse(since)
    for (let events = first; ; events = await read(operator, { ...query, since: backFrom(newest) })) {
      for (const one of events) {
        newest = Math.max(newest, Date.parse(one.at))
        if (shown.has(one.id)) continue
        shown.add(one.id)
        tell(json ? `${JSON.stringify(one)}\n` : `${Object.values(brief(one)).map(spellControls).join('  ')}\n`)
      }
      // What is older than the overlap is not read again.
      for (const id of shown) {
        if (shown.size <= pageSize * 10) break
        shown.delete(id)
      }
      await sleep(followEveryMilliseconds)
    }
  })
}

function backFrom(time: number): string {
  return new Date(time - overlapMilliseconds).toISOString()
}

/** All pages, or as many events as asked for; oldest first. */
async function read(operator: Operator, query: Record<string, string>, most = Number.POSITIVE_INFINITY) {
  const events: ShownAuditEvent[] = []
  let cursor: string | null = null
  for (;;) {
    const limit = Math.min(pageSize, most - events.length)
    const parameters = new URLSearchParams({ ...query, limit: String(limit), ...(cursor !== null && { cursor }) })
    const page: Page<ShownAuditEvent> = await operator('GET', `/audit?${parameters.toString()}`)
    events.push(...page.items)
    cursor = page.next_cursor
    if (cursor === null || events.length >= most) return events.toReversed()
  }
}

/** What a person reads: one short line an event. */
function brief({ at, event, subject, actor, client_id, ip, details }: ShownAuditEvent) {
  const told = Object.entries(details).map(([name, value]) => `${name}=${[value].flat().join(',')}`)
  return {
    at,
    event,
    subject: subject ?? client_id ?? '-',
    actor: actor ?? '-',
    ip: ip ?? '-',
    details: told.join(' '),
  }
}

function readTime(given: string): string {
  const time = Date.parse(given)
  if (Number.isNaN(time)) throw new UsageError('audit tail: --since expects a time such as 2030-01-31T12:00:00Z')
  return new Date(time).toISOString()
}
