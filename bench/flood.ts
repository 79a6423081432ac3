/**
 * Forward-auth beside a flood of sign-ins, against the same without: in turns, on one core, with the generators on the others.
 * Both come at a pace: a server that is asked as fast as it answers has nothing left that a flood could take.
 */
import { readFileSync } from 'node:fs'
import { keepApart, median, verdict } from './support/compare.ts'
import { start } from './support/contestant.ts'
import { load, type LoadResult } from './support/load.ts'
import { bearer, question } from './support/question.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

const [rounds, secondsARound] = [5, 4]
/** About 2,000 questions a second. */
const questions = { connections: 64, pauseMilliseconds: 32 }
/** About 500 sign-ins a second, which is several times what two cores can hash. */
const guesses = { count: 200, pauseMilliseconds: 400 }

export async function flood(teardowns: Teardowns): Promise<void> {
  const stores = await startStores(teardowns)
  console.log(stores ? 'on PostgreSQL and Redis' : 'on embedded stores: PostgreSQL and Redis are not installed')
  const gatehouse = await start(teardowns, 'gatehouse', { ...stores })
  const ask = question(bearer(gatehouse.facts['token']!))
  const measure = () =>
    load({ port: gatehouse.port, request: ask, expected: 'HTTP/1.1 200', seconds: secondsARound, ...questions })

  const together = keepApart([gatehouse.pid, ...childrenOf(gatehouse.pid)])
  // On the cores of what measures, which they inherit.
  const strangers = await start(teardowns, 'strangers', { port: gatehouse.port, ...guesses })
  await measure()
  const [idle, flooded]: [LoadResult[], LoadResult[]] = [[], []]
  const answers = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    idle.push(await measure())
    await strangers.ask('begin')
    flooded.push(await measure())
    const answered = await strangers.ask<Record<string, number>>('end')
    for (const [status, count] of Object.entries(answered)) answers.set(status, (answers.get(status) ?? 0) + count)
  }
  together?.()
  const row = (name: string, results: readonly LoadResult[]) => ({
    'forward-auth': name,
    'requests/s': Math.round(median(results.map(({ requests, seconds }) => requests / seconds))),
    'p50 µs': median(results.map(({ p50 }) => p50)),
    'p99 µs': median(results.map(({ p99 }) => p99)),
  })
  console.table([row('idle', idle), row('beside a flood of sign-ins', flooded)])
  const told = [...answers]
    .map(([status, count]) => `${Math.round(count / (rounds * secondsARound))} of ${status}`)
    .join(', ')
  console.log(`sign-ins answered a second, by status: ${told}`)
  const p99 = (results: readonly LoadResult[]) => median(results.map(({ p99 }) => p99))
  verdict('p99 beside a flood of sign-ins, of the idle one’s', p99(flooded) / p99(idle), '≤', 2)
}

/** The processes that a process has started: on Linux, and otherwise none. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
