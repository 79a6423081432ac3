import { deleteExpired, hour, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  { name: 'proposedFactors', kept: () => hour, run: deleteExpired('factors', 'id') },
]
