import { deleteExpired, hour, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  { name: 'interactions', kept: () => hour, run: deleteExpired('interactions', 'id') },
]
