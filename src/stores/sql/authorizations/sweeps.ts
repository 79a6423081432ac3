import { deleteExpired, hour, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  { name: 'authorizations', kept: () => hour, run: deleteExpired('authorizations', 'id') },
  { name: 'pushed requests', kept: () => hour, run: deleteExpired('pushed_requests', 'request_hash') },
]
