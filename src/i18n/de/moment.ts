/** A moment as German writes it, in UTC. */
export const moment = new Intl.DateTimeFormat('de', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
