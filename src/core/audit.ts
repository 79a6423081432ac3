/** A security event: how its log line reads, and what it says beyond whom it is about, who did it and where. */
export interface AuditEventDefinition<Details extends object = object> {
  readonly level: 'info' | 'warn' | 'error'
  /** The words of its log line. */
  readonly message: string
  /** What its details say, for the documentation. */
  readonly about: string
  /** For the type alone. */
  readonly details?: Details
}

/** Defines an event. Its details are names and numbers, never a secret nor a free text. */
export function auditEvent<Details extends object = object>(
  level: AuditEventDefinition['level'],
  message: string,
  about = '',
): AuditEventDefinition<Details> {
  return { level, message, about }
}

/** Events by their names, which are those of their log lines too. */
export type AuditEvents = Readonly<Record<string, AuditEventDefinition>>

/** Whom an event is about. Every part is optional; what is unknown stays empty. */
interface AuditSubjects {
  /** The user, or the client acting for itself. */
  subject?: string | undefined
  clientId?: string | undefined
  sessionId?: string | undefined
  /** The peer's address, for events that may come from outside of a traced request. */
  ip?: string | undefined
}

/** An event as it is recorded, of one of these definitions. */
export type AuditEvent<Events extends AuditEvents = AuditEvents> = {
  [Name in keyof Events & string]: { event: Name } & AuditSubjects & DetailsOf<Events[Name]>
}[keyof Events & string]
type DetailsOf<Definition> = Definition extends AuditEventDefinition<infer Details> ? Details : never

/** Where security events go: one row and one log line each. */
export interface Audit<Events extends AuditEvents> {
  /** Never throws and never waits: the row is written soon after. */
  record(event: AuditEvent<Events>): void
}

/** Who caused what happens in a request, and from where. */
export interface Origin {
  /** A user's or client's id, or `operator`. */
  actor?: string | undefined
  ip?: string | undefined
  requestId?: string | undefined
}

/** The actor of what the service does on its own. */
export const systemActor = 'system'
export const operatorActor = 'operator'
