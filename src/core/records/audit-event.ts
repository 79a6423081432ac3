/** What an audit event says beyond who and when: names and numbers, never a secret. */
export type AuditDetails = Record<string, string | number | boolean | string[]>

/** One row of the audit trail. Ids are UUIDv7s, so that they sort by time. */
export interface AuditRow {
  id: string
  at: Date
  event: string
  subject: string | null
  actor: string | null
  clientId: string | null
  sessionId: string | null
  ip: string | null
  requestId: string | null
  details: AuditDetails
}

export interface AuditStore {
  /** Writes rows with one statement; those that are there already are left as they are, so that a try may be repeated. */
  append(rows: readonly AuditRow[]): Promise<void>
  /** The newest rows that match, newest first; `before` is the id of the last row of the page before. */
  list(query: AuditQuery): Promise<AuditRow[]>
}

interface AuditQuery {
  event?: string | undefined
  subject?: string | undefined
  since?: Date | undefined
  before?: string | undefined
  limit: number
}
