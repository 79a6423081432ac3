import { Redis } from 'ioredis'
import type { Counters } from '../../core/ports.ts'

/** How long a server may take to accept a connection and to greet. */
const answersWithinMilliseconds = 5_000

/** Counts and starts the window in one step, so that a counter never exists without an end. */
const incrementScript = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('TTL', KEYS[1]) }`

export interface RedisCounters extends Counters {
  ping(): Promise<void>
  close(): Promise<void>
}

/**
 * Counters shared by all replicas, in Redis (6.2 or newer) or Valkey. Calls reject within a second when it is gone. Rejects
 * with what keeps it from being used when that is so at the start.
 */
export async function openRedisCounters(redisUrl: string, onError: (error: Error) => void): Promise<RedisCounters> {
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    keyPrefix: 'gatehouse:',
    commandTimeout: 1_000,
    connectTimeout: answersWithinMilliseconds,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
  })
  redis.on('error', onError)
  await firstConnection(redis)
  return {
    async increment(key, windowSeconds) {
      const reply = await redis.eval(incrementScript, 1, key, windowSeconds)
      const [count, resetSeconds] = reply as [number, number]
      return { count, resetSeconds }
    },
    async read(key) {
      const replies = await redis.pipeline().get(key).ttl(key).exec()
      const [count, ttl] = (replies ?? []).map(([error, value]) => {
        if (error) throw error
        return Number(value ?? 0)
      })
      return { count: count ?? 0, resetSeconds: Math.max(0, ttl ?? 0) }
    },
    async reset(key) {
      await redis.del(key)
    },
    ping: async () => void (await redis.ping()),
    close: async () => redis.disconnect(),
  }
}

/** The client tries for ever, and tells what is wrong by events alone. */
async function firstConnection(redis: Redis): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const fault = new Promise<never>((_, reject) => {
    redis.once('error', reject)
    timer = setTimeout(
      () => reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      answersWithinMilliseconds,
    )
  })
  try {
    await Promise.race([redis.connect(), fault])
    await redis.eval(incrementScript, 1, 'start', 1)
  } catch (error) {
    redis.disconnect()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
