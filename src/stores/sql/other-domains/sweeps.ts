import { deleteExpired, hour, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  { name: 'host tickets', kept: () => hour, run: deleteExpired('host_tickets', 'ticket_hash') },
]
