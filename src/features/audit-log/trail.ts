import { type Audit, type AuditEvent, type AuditEvents, type Origin, systemActor } from '../../core/audit.ts'
import { GatehouseError } from '../../core/errors.ts'
import { createOrderedIds } from '../../core/ids.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { AuditDetails, AuditRow, AuditStore } from '../../core/records/audit-event.ts'
import { within } from '../../core/within.ts'

export interface AuditTrail<Events extends AuditEvents> extends Audit<Events> {
  /** The names of all events. */
  readonly names: readonly string[]
  /** Writes what is left, within a bound; what cannot be written is counted in the log. */
  close(): Promise<void>
}

const writeAfterMilliseconds = 250
const retryAfterMilliseconds = 1_000
const closeWithinMilliseconds = 3_500
const rowsAWrite = 500
const defaultBound = 10_000
const maxTextLength = 500

/**
 * Keeps the audit trail: the log line at once, the row within a quarter of a second, many with one statement. While the
 * store is down, rows wait in memory up to a bound; beyond it their log lines are all that is left, and how many is
 * logged. A process that is killed loses the rows of the last quarter of a second, not their log lines.
 */
export function createAuditTrail<Events extends AuditEvents>(dependencies: {
  /** Every event that may be told. */
  events: Events
  store: Pick<AuditStore, 'append'>
  clock: Clock
  /** For what becomes of the trail itself. */
  log: Log
  /** Writes the log line of an event. */
  tell(level: 'info' | 'warn' | 'error', fields: object, message: string): void
  /** Of the request that is being answered. */
  origin(): Origin | undefined
  bound?: number
}): AuditTrail<Events> {
  const { events, store, clock, log, tell, origin, bound = defaultBound } = dependencies
  const nextId = createOrderedIds()
  let waiting: AuditRow[] = []
  let lost = 0
  let failing = false
  let closing = false
  let timer: NodeJS.Timeout | undefined
  let underWay: Promise<void> | undefined

  function lose(count: number): void {
    if (lost === 0) log.error({ event: 'audit.overflow' }, 'audit events cannot be kept any more: these lines are all')
    lost += count
  }

  function schedule(milliseconds: number): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void flush()
    }, milliseconds).unref()
  }

  /** One write at a time, so that an outage does not take every connection. */
  function flush(): Promise<void> {
    underWay ??= write().finally(() => {
      underWay = undefined
      if (waiting.length > 0 && !closing) schedule(failing ? retryAfterMilliseconds : writeAfterMilliseconds)
    })
    return underWay
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const rows = waiting.slice(0, rowsAWrite)
      try {
        await store.append(rows)
      } catch (error) {
        if (!failing) log.error({ event: 'audit.unwritable', err: error }, 'audit events wait in memory')
        failing = true
        if (error instanceof GatehouseError) return
        // Not an outage: these rows would stand in the way of all others for ever.
        lose(rows.length)
      }
      waiting = waiting.slice(rows.length)
    }
    if (failing) log.info({ event: 'audit.recovered', lost }, 'audit events are written again')
    failing = false
    lost = 0
  }

  return {
    names: Object.keys(events).toSorted(),
    record(event) {
      const now = clock.now()
      const row = rowOf(event, { id: nextId(now), at: new Date(now) }, origin())
      const { level, message } = events[event.event]!
      tell(level, lineOf(row), message)
      if (waiting.length >= bound) return lose(1)
      waiting.push(row)
      if (!closing) schedule(writeAfterMilliseconds)
    },
    async close() {
      closing = true
      clearTimeout(timer)
      const written = flush().then(flush)
      await within(closeWithinMilliseconds, written, () => new Error('the store did not answer')).catch(() => {})
      if (waiting.length > 0) log.error({ event: 'audit.lost', lost: waiting.length }, 'audit events were not written')
    },
  }
}

function rowOf(given: AuditEvent, stamp: { id: string; at: Date }, origin: Origin | undefined): AuditRow {
  const { event, subject, clientId, sessionId, ip, ...details } = given
  return {
    ...stamp,
    event,
    subject: plain(subject),
    actor: plain(origin === undefined && ip === undefined ? systemActor : origin?.actor),
    clientId: plain(clientId),
    sessionId: plain(sessionId),
    ip: plain(origin?.ip ?? ip),
    requestId: plain(origin?.requestId),
    details: Object.fromEntries(
      Object.entries(details as AuditDetails).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.map(clean) : typeof value === 'string' ? clean(value) : value,
      ]),
    ),
  }
}

function plain(text: string | undefined): string | null {
  return text === undefined ? null : clean(text)
}

/** A form that every store can hold: no row may keep the others from being written. */
function clean(text: string): string {
  return text.toWellFormed().replaceAll('\0', '').slice(0, maxTextLength).toWellFormed()
}

/** The row in the words of the log; what is unknown is left out. */
function lineOf({ event, subject, actor, clientId, sessionId, ip, requestId, details }: AuditRow): object {
  const named = { sub: subject, actor, client_id: clientId, sid: sessionId, ip, request_id: requestId }
  return { event, ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== null)), ...details }
}
