/**
 * A moment as German writes it, in UTC. Its format is made when it is said: the first of a process takes longer than all else
 * here, at each start.
 */
export const moment = {
  format: (instant: Date) =>
    new Intl.DateTimeFormat('de', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(instant),
}
