import { deleteExpired, hour, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  { name: 'deviceCodes', kept: () => hour, run: deleteExpired('device_codes', 'id') },
]
