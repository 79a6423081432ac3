import { isIP } from 'node:net'
import { Redis, type RedisOptions } from 'ioredis'
import { SetupError } from '../../core/errors.ts'
import type { Budgets } from '../../core/budgets.ts'
import type { Counters } from '../../core/counters.ts'
import { readRedisUrl } from '../../core/redis-url.ts'
import { readTlsFiles } from '../../pem.ts'
import { createRedisBudgets } from './budgets.ts'

/** How long a server may take to accept a connection and to greet. */
const answersWithinMilliseconds = 5_000

/** Counts and starts the window in one step, so that a counter never exists without an end. */
const incrementScript = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('TTL', KEYS[1]) }`

type Options = Omit<RedisOptions, 'replyMapping'>

export interface RedisCounters extends Counters {
  budgets: Budgets
  ping(): Promise<void>
  close(): Promise<void>
}

/**
 * Counters shared by all replicas, in Redis (6.2 or newer) or Valkey. Calls reject within a second when it is gone. Rejects
 * with what keeps it from being used when that is so at the start. `onEviction` is told when the server may let go of
 * counters before their time.
 */
export async function openRedisCounters(
  redisUrl: string,
  onError: (error: Error) => void,
  onEviction: (policy: string) => void = () => {},
): Promise<RedisCounters> {
  const options: Options = {
    ...connectionTo(redisUrl),
    lazyConnect: true,
    // What a restricted user may not ask, and what a proxy ends the connection for.
    enableReadyCheck: false,
    disableClientInfo: true,
    commandTimeout: 1_000,
    connectTimeout: answersWithinMilliseconds,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
    // A primary that became a replica: behind its name stands another by now, or will soon.
    reconnectOnError: ({ message }) => /^(READONLY|LOADING|MASTERDOWN) /.test(message),
  }
  const redis = new Redis(options)
  redis.on('error', onError)
  await firstConnection(redis)
  const counters: RedisCounters = {
    async increment(key, windowSeconds) {
      const reply = await redis.eval(incrementScript, 1, key, windowSeconds)
      const [count, resetSeconds] = reply as [number, number]
      return { count, resetSeconds }
    },
    budgets: createRedisBudgets(redis),
    ping: async () => void (await redis.ping()),
    close: async () => redis.disconnect(),
  }
  try {
    // All that will be asked: what the user may not do shows now.
    await counters.increment('start', 1)
    const start = { key: 'start', most: 100, windowSeconds: 1 }
    await counters.budgets.spend([start])
    await counters.budgets.forgive([start])
    await counters.ping()
  } catch (error) {
    redis.disconnect()
    throw error
  }
  const policy = await evictionPolicy(redis)
  if (policy !== undefined) onEviction(policy)
  return counters
}

function connectionTo(redisUrl: string): Options {
  const read = readRedisUrl(redisUrl)
  if (read.kind === 'faulty') throw new SetupError(read.faults.join('\n'))
  const { host, port, username, password, database, keyPrefix, protocol, tls } = read.address
  return {
    host,
    port,
    db: database,
    keyPrefix,
    protocol,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && {
      tls: {
        servername: isIP(host) === 0 ? host : '',
        ...readTlsFiles('REDIS_URL', tls),
      },
    }),
  }
}

/** How the server makes room, when it may do so by letting go of what has not ended; nothing where that is not told. */
async function evictionPolicy(redis: Redis): Promise<string | undefined> {
  const info = await redis.info('memory').catch(() => '')
  const [most, policy] = ['maxmemory', 'maxmemory_policy'].map(
    (name) => RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1],
  )
  return policy !== undefined && most !== '0' && policy !== 'noeviction' ? policy : undefined
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
  } catch (error) {
    redis.disconnect()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
