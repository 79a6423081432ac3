import type { LogEvent } from './log-events.ts'

/**
 * What the process tells its operator: one line an event, fields beside a message. Never handed a secret: no password,
 * token, cookie, key or link that carries one.
 */
export interface Log {
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

/** What happened, by a name that has its sentence in a table, and what more there is to say. */
interface LogFields {
  event: LogEvent
  [field: string]: unknown
}
