import { day, deleteExpired, hour, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  { name: 'registrations', kept: () => day, run: deleteExpired('registrations', 'token_hash') },
  { name: 'knownDevices', kept: () => hour, run: deleteExpired('known_devices', 'secret_hash') },
]
