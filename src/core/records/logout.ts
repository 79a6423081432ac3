/** That a program is to be told of the end of a session. */
export interface QueuedLogout {
  id: string
  clientId: string
  sessionId: string
  userId: string
  createdAt: Date
  /** How often it was tried, with this time. */
  attempts: number
}

/** What became of a try: `done` also where nobody is to be told any more. */
export type LogoutOutcome = { state: 'queued'; dueAt: Date; isTry: boolean } | { state: 'done' }

/** Written by whatever ends a session, in its transaction; `SessionStore` says what that is. */
export interface LogoutStore {
  /**
   * Takes the row that has been due for longest, which nobody else gets before `until`. One statement: of any number of parallel calls
   * one gets it. Counts as a try of it.
   */
  claim(at: Date, until: Date): Promise<QueuedLogout | undefined>
  /** Notes what became of a try; nothing when somebody else has claimed the row since. */
  settle(claimed: Pick<QueuedLogout, 'id' | 'attempts'>, outcome: LogoutOutcome): Promise<void>
  /** Calls back soon after rows were written by any replica; a hint, which may be lost. Returns the way to stop. */
  onQueued(wake: () => void): Promise<() => Promise<void>>
}
