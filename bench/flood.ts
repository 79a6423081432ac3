/**
 * Forward-auth beside a flood of sign-ins, against the same without: in turns, on one core, with the generators on the others.
 * Both come at a pace: a server that is asked as fast as it answers has nothing left that a flood could take.
 */
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { keepApart, median, verdict } from './support/compare.ts'
import { type Contestant, start } from './support/contestant.ts'
import { load, type LoadResult } from './support/load.ts'
import { bearer, question } from './support/question.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

const [rounds, secondsARound] = [5, 4]
/** About 2,000 questions a second. */
const questions = { connections: 64, pauseMilliseconds: 32 }
/** About 500 sign-ins a second, which is several times what two cores can hash. */
const strangers = { count: 200, pauseMilliseconds: 400 }

export async function flood(teardowns: Teardowns): Promise<void> {
  const stores = await startStores(teardowns)
  console.log(stores ? 'on PostgreSQL and Redis' : 'on embedded stores: PostgreSQL and Redis are not installed')
  const gatehouse = await start(teardowns, 'gatehouse', { ...stores })
  const ask = question(bearer(gatehouse.facts['token']!))
  const measure = () =>
    load({ port: gatehouse.port, request: ask, expected: 'HTTP/1.1 200', seconds: secondsARound, ...questions })

  const together = keepApart([gatehouse.pid, ...childrenOf(gatehouse.pid)])
  await measure()
  const [idle, flooded]: [LoadResult[], LoadResult[]] = [[], []]
  const answers = new Map<number, number>()
  for (let round = 0; round < rounds; round++) {
    idle.push(await measure())
    const stop = signInFrom(gatehouse, answers)
    flooded.push(await measure())
    await stop()
  }
  together?.()
  const row = (name: string, results: readonly LoadResult[]) => ({
    'forward-auth': name,
    'requests/s': Math.round(median(results.map(({ requests, seconds }) => requests / seconds))),
    'p50 µs': median(results.map(({ p50 }) => p50)),
    'p99 µs': median(results.map(({ p99 }) => p99)),
  })
  console.table([row('idle', idle), row('beside a flood of sign-ins', flooded)])
  const perSecond = (status: number) => Math.round((answers.get(status) ?? 0) / (rounds * secondsARound))
  const told = [...answers.keys()].map((status) => `${perSecond(status)} of ${status}`).join(', ')
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

/** Signs in by guesses, each from another network and for another account, until it is stopped. Counts the answers. */
function signInFrom({ port }: Contestant, answers: Map<number, number>): () => Promise<unknown> {
  const agent = new Agent({ keepAlive: true })
  const run = { isOver: false }
  const signIn = () =>
    new Promise<void>((done, fail) => {
      const network = `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': network }
      const sent = request({ port, agent, path: '/api/auth/login', method: 'POST', headers }, (answer) => {
        const { statusCode = 0 } = answer
        answers.set(statusCode, (answers.get(statusCode) ?? 0) + 1)
        answer.resume().on('end', done)
      })
      sent.on('error', fail)
      sent.end(JSON.stringify({ email: `guess-${randomInt(1e9)}@example.com`, password: 'a wrong guess of somebody' }))
    })
  const all = Array.from({ length: strangers.count }, async () => {
    while (!run.isOver) {
      await signIn()
      await sleep(Math.random() * 2 * strangers.pauseMilliseconds)
    }
  })
  return async () => {
    run.isOver = true
    await Promise.all(all)
    agent.destroy()
  }
}
