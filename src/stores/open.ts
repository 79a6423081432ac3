import { join } from 'node:path'
import { GatehouseError, unavailable } from '../core/errors.ts'
import type { Clock, Counters, Log, Stores } from '../core/ports.ts'
import { createMemoryCounters } from './memory/counters.ts'
import { openRedisCounters } from './redis/counters.ts'
import { isConnectionFault } from './sql/database.ts'
import { type DurableStores, openPglite, openPostgres } from './sql/open.ts'

export interface StoreSettings {
  /** PostgreSQL; absent: PGlite under `dataDirectory`. */
  databaseUrl?: string | undefined
  /** Redis or Valkey; absent: the memory of this process. */
  redisUrl?: string | undefined
  dataDirectory: string
}

/** The only place that chooses between the embedded and the clustered stores. */
export async function openStores(settings: StoreSettings, clock: Clock, log: Log): Promise<Stores> {
  const durable =
    settings.databaseUrl === undefined
      ? await openPglite(join(settings.dataDirectory, 'pglite'), clock)
      : await openPostgres(settings.databaseUrl, clock)
  if (settings.redisUrl === undefined) return combineStores(durable, createMemoryCounters(clock))

  const onError = (error: Error) => log.warn({ err: { message: error.message } }, 'redis connection')
  const redis = await openRedisCounters(settings.redisUrl, onError).catch(async (error: unknown) => {
    await durable.close()
    throw error
  })
  return combineStores(durable, redis, redis)
}

/** Joins durable and ephemeral stores; whatever they throw because a server is gone becomes `unavailable`. */
export function combineStores(
  durable: DurableStores,
  counters: Counters,
  ephemeral: Pick<Stores, 'ping' | 'close'> = { ping: async () => {}, close: async () => {} },
): Stores {
  const { ping, close, ...tables } = durable
  const guarded = Object.fromEntries(
    Object.entries(tables).map(([name, store]) => [name, translateFaults(store, isConnectionFault)]),
  ) as unknown as Omit<DurableStores, 'ping' | 'close'>
  return {
    ...guarded,
    // Nothing that a counter does can fail through its caller's fault.
    counters: translateFaults(counters, () => true),
    ping: async () => void (await Promise.all([ping(), ephemeral.ping()])),
    close: async () => void (await Promise.all([close(), ephemeral.close()])),
  }
}

function translateFaults<Store extends object>(store: Store, isFault: (error: unknown) => boolean): Store {
  const wrapped = Object.entries(store).map(([name, method]) => [
    name,
    async (...parameters: unknown[]) => {
      try {
        return await (method as (...parameters: unknown[]) => unknown)(...parameters)
      } catch (error) {
        throw !(error instanceof GatehouseError) && isFault(error) ? unavailable(error) : error
      }
    },
  ])
  return Object.fromEntries(wrapped) as Store
}
