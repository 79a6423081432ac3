import { auditEvents } from '../../src/audit-events.ts'
import type { AuditEvents } from '../../src/core/audit.ts'
import { logEvents } from '../../src/core/log-events.ts'
import { ownMetrics } from '../../src/features/health/metrics.ts'
import { code, table } from './table.ts'

export function events(): string {
  return table(
    ['event', 'what happened'],
    Object.entries(logEvents).map(([name, sentence]) => [code(name), sentence]),
  )
}

export function metrics(): string {
  const rows = Object.entries(ownMetrics).map(([name, { type, labels, help }]) => {
    return [code(name), type, labels.map(code).join(', '), help]
  })
  return table(['metric', 'type', 'labels', 'meaning'], rows)
}

export function auditTrail(): string {
  const all: AuditEvents = auditEvents
  const rows = Object.entries(all).map(([name, { message, about }]) => [code(name), message, about])
  return table(['event', 'what happened', 'beyond subject, actor, client, session, address and request'], rows)
}
