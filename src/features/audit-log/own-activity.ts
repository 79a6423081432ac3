import type { AuditStore } from '../../core/records/audit-event.ts'

/** One thing that has happened to somebody's account, as they may see it. */
export interface Activity {
  id: string
  at: Date
  event: string
  /** Where the person, or whoever passed for them, was; nothing for what others have done. */
  ip: string | null
  sessionId: string | null
  clientId: string | null
  /** Whether it was done by the person, or by somebody who passed for them; else by an operator or by the service. */
  byPerson: boolean
}

/** A page of them, the newest first; `cursor` is the id of the last one of the page before. */
export type OwnActivity = (
  subject: string,
  asked: { cursor?: string | undefined; limit: number },
) => Promise<{ items: Activity[]; nextCursor: string | undefined }>

/** Reads the rows of the trail that are about a person. Who an operator is, and where, stays with the operators. */
export function createOwnActivity({ trail }: { trail: Pick<AuditStore, 'list'> }): OwnActivity {
  return async (subject, { cursor, limit }) => {
    const found = await trail.list({ subject, before: cursor, limit: limit + 1 })
    const items = found.slice(0, limit).map(({ id, at, event, actor, ip, sessionId, clientId }) => {
      const byPerson = actor === null || actor === subject
      return { id, at, event, ip: byPerson ? ip : null, sessionId, clientId, byPerson }
    })
    return { items, nextCursor: found.length > limit ? items.at(-1)?.id : undefined }
  }
}
