import type { Redis } from 'ioredis'
import { type Budget, type Budgets, longestUsedUp, type Slices } from '../../core/budgets.ts'

/** What all scripts begin with: the server's clock, and the slices of a budget as `slicingOf` has them. */
const prelude = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function look(key, window)
  local length = math.ceil(window / 60)
  local held = redis.call('HGETALL', key)
  local used, gone = 0, {}
  for place = 1, #held, 2 do
    if tonumber(held[place]) > now - window - length then used = used + held[place + 1]
    else gone[#gone + 1] = held[place] end
  end
  return used, gone, held, string.format('%d', now - now % length), window + length
end
`

/** Answers the time and, unless it has taken one of each, what is held of each. */
const spendScript = `${prelude}
local slices, refused = {}, false
for place, key in ipairs(KEYS) do
  local used, _, held = look(key, ARGV[place * 2] * 1000)
  slices[place] = held
  refused = refused or used >= tonumber(ARGV[place * 2 - 1])
end
if refused then return { now, slices } end
for place, key in ipairs(KEYS) do
  local _, gone, _, slice, lasts = look(key, ARGV[place * 2] * 1000)
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  redis.call('HINCRBY', key, slice, 1)
  redis.call('EXPIRE', key, math.ceil(lasts / 1000))
end
return { now }`

const lookScript = `${prelude}
local slices = {}
for place, key in ipairs(KEYS) do
  local _, _, held = look(key, ARGV[place * 2] * 1000)
  slices[place] = held
end
return { now, slices }`

/** Takes what is held of the first out of each. */
const forgiveScript = `
local own = redis.call('HGETALL', KEYS[1])
for _, key in ipairs(KEYS) do
  for place = 1, #own, 2 do
    if redis.call('HEXISTS', key, own[place]) == 1 and redis.call('HINCRBY', key, own[place], -own[place + 1]) < 1 then
      redis.call('HDEL', key, own[place])
    end
  end
end`

/** Budgets that replicas share. They know no other clock than the server's. */
export function createRedisBudgets(redis: Pick<Redis, 'eval'>): Budgets {
  const ask = (script: string, budgets: readonly Budget[]) => {
    const keys = budgets.map(({ key }) => `budget:${key}`)
    const values = budgets.flatMap(({ most, windowSeconds }) => [most, windowSeconds])
    return redis.eval(script, keys.length, ...keys, ...values) as Promise<[number, string[][]?]>
  }
  const usedUp = (budgets: readonly Budget[], slices: string[][], now: number) =>
    longestUsedUp(budgets, slices.map(toSlices), now)

  return {
    async spend(budgets) {
      if (budgets.length === 0) return { kind: 'spent' }
      const [now, slices] = await ask(spendScript, budgets)
      return slices === undefined ? { kind: 'spent' } : usedUp(budgets, slices, now)!
    },
    async forgive(budgets) {
      await ask(forgiveScript, budgets)
    },
    async look(budgets) {
      if (budgets.length === 0) return undefined
      const [now, slices] = await ask(lookScript, budgets)
      return usedUp(budgets, slices!, now)
    },
  }
}

/** A hash as scripts answer it: fields and values in turns. */
function toSlices(held: readonly string[]): Slices {
  return Object.fromEntries(held.flatMap((field, at) => (at % 2 === 0 ? [[field, Number(held[at + 1])]] : [])))
}
