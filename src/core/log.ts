/**
 * What the process tells its operator: one line an event, fields beside a message. Never handed a secret: no password,
 * token, cookie, key or link that carries one.
 */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
