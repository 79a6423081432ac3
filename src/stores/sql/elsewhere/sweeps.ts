import { deleteExpired, hour, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  { name: 'providerTrips', kept: () => hour, run: deleteExpired('provider_trips', 'id') },
  { name: 'providerArrivals', kept: () => hour, run: deleteExpired('provider_arrivals', 'id') },
]
