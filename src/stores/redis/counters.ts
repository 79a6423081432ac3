import { Redis } from 'ioredis'
import type { Counters } from '../../core/ports.ts'

/** Counts and starts the window in one step, so that a counter never exists without an end. */
const incrementScript = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('TTL', KEYS[1]) }`

export interface RedisCounters extends Counters {
  ping(): Promise<void>
  close(): Promise<void>
}

/** Counters shared by all replicas, in Redis (6.2 or newer) or Valkey. Calls reject within a second when it is gone. */
export async function openRedisCounters(redisUrl: string, onError: (error: Error) => void): Promise<RedisCounters> {
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    keyPrefix: 'gatehouse:',
    commandTimeout: 1_000,
    connectTimeout: 5_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
  })
  redis.on('error', onError)
  await redis.connect()
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
