import { join } from 'node:path'
import { GatehouseError, unavailable } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { Budgets } from '../core/budgets.ts'
import type { Counters } from '../core/counters.ts'
import type { Log } from '../core/log.ts'
import type { Stores } from '../core/stores.ts'
import { within } from '../core/within.ts'
import { createMemoryCounters } from './memory/counters.ts'
import { faultOf, unusable } from './setup-fault.ts'
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
  const opening = [openDurable(settings, clock), openCounters(settings, clock, log)] as const
  const [durable, counting] = await Promise.allSettled(opening)
  if (durable.status === 'fulfilled' && counting.status === 'fulfilled') {
    return combineStores(durable.value, ...counting.value)
  }
  if (durable.status === 'rejected') {
    if (counting.status === 'fulfilled') await counting.value[1]?.close()
    throw durable.reason
  }
  await durable.value.close()
  throw (counting as PromiseRejectedResult).reason
}

async function openDurable({ databaseUrl, dataDirectory }: StoreSettings, clock: Clock): Promise<DurableStores> {
  if (databaseUrl === undefined) return openPglite(join(dataDirectory, 'pglite'), clock)
  return openPostgres(databaseUrl, clock).catch((error: unknown) => {
    throw unusable('DATABASE_URL', error)
  })
}

type Ephemeral = Pick<Stores, 'ping' | 'close'> & { budgets?: Budgets }

async function openCounters({ redisUrl }: StoreSettings, clock: Clock, log: Log): Promise<[Counters, Ephemeral?]> {
  if (redisUrl === undefined) return [createMemoryCounters(clock)]
  const { openRedisCounters } = await import('./redis/counters.ts')
  const onError = (error: Error) => log.warn({ event: 'redis.fault' }, faultOf('REDIS_URL', error))
  const onEviction = (policy: string) =>
    log.warn(
      { event: 'redis.evicts', policy },
      'REDIS_URL: with this maxmemory-policy counters may be let go of before their time, and limits with them; set noeviction',
    )
  const redis = await openRedisCounters(redisUrl, onError, onEviction).catch((error: unknown) => {
    throw unusable('REDIS_URL', error)
  })
  return [redis, redis]
}

/** Joins durable and ephemeral stores; whatever they throw because a server is gone becomes `unavailable`. */
export function combineStores(
  durable: DurableStores,
  counters: Counters,
  ephemeral: Ephemeral = { ping: async () => {}, close: async () => {} },
): Stores {
  const { ping, close, answersWithinMilliseconds, setting, ...tables } = durable
  const ofDurable = { setting, isFault: isConnectionFault, withinMilliseconds: answersWithinMilliseconds }
  // Nothing that a counter does can fail through its caller's fault.
  const ofEphemeral = { setting: 'REDIS_URL', isFault: () => true }
  const guarded = Object.fromEntries(
    Object.entries(tables).map(([name, store]) => [name, translateFaults(store, ofDurable)]),
  ) as unknown as typeof tables
  const pings = [translateFaults({ ping }, ofDurable), translateFaults({ ping: ephemeral.ping }, ofEphemeral)]
  return {
    ...guarded,
    counters: translateFaults(counters, ofEphemeral),
    ...(ephemeral.budgets && { budgets: translateFaults(ephemeral.budgets, ofEphemeral) }),
    ping: async () => void (await Promise.all(pings.map((store) => store.ping()))),
    close: async () => void (await Promise.all([close(), ephemeral.close()])),
  }
}

interface Translation {
  /** What leads to the store. */
  setting: string
  /** As opposed to a bug of ours. */
  isFault(error: unknown): boolean
  /** A server that hangs is as good as gone. What it was asked may still happen. */
  withinMilliseconds?: number | undefined
}

function translateFaults<Store extends object>(store: Store, translation: Translation): Store {
  const { setting, isFault, withinMilliseconds } = translation
  const methods = Object.entries(store).filter(([, member]) => typeof member === 'function')
  const wrapped = methods.map(([name, method]) => [
    name,
    async (...parameters: unknown[]) => {
      try {
        const answer = (method as (...parameters: unknown[]) => Promise<unknown>)(...parameters)
        return await (withinMilliseconds === undefined ? answer : within(withinMilliseconds, answer, noAnswer))
      } catch (error) {
        if (error instanceof GatehouseError) throw error
        throw isFault(error) ? unavailable(withoutValues(error, faultOf(setting, error))) : withoutValues(error)
      }
    },
  ])
  return { ...store, ...Object.fromEntries(wrapped) }
}

const noAnswer = () => Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })

/**
 * What may be logged of a driver's error: its codes and where it came from. Messages and fields of Drizzle, postgres.js
 * and ioredis hold statements with their parameters, among them hashes of tokens and addresses of people.
 */
function withoutValues(error: unknown, words?: string): Error {
  const codes: string[] = []
  for (let next = error; next instanceof Error && codes.length < 8; next = next.cause) {
    const { code } = next as { code?: unknown }
    codes.push(typeof code === 'string' ? code : next.name)
  }
  const plain = new Error(words ?? `a store failed: ${codes.join(' < ')}`)
  const frames = error instanceof Error ? ((error.stack ?? '').match(/^ {4}at .*$/gm) ?? []) : []
  plain.stack = [plain.message, ...frames].join('\n')
  return plain
}
