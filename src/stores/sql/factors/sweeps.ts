import { deleteExpired, hour, minute, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  { name: 'proposedFactors', kept: () => hour, run: deleteExpired('factors', 'id') },
  { name: 'passkeyChallenges', kept: () => minute, run: deleteExpired('passkey_challenges', 'challenge_hash') },
]
