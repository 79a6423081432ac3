import { deleteExpired, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [{ name: 'budgets', kept: () => 0, run: deleteExpired('budgets', 'key') }]
