/**
 * Whether the time of an answer tells what an address is: known, unknown, not confirmed, disabled, or without a password. Requests of all
 * kinds alternate in an order of chance, each for an address of its own; and a delay of a tenth is planted, which has to be found.
 * Of the accounts three fifths have a hash of Argon2id, and a fifth each one of bcrypt and of PBKDF2.
 */
import { Agent, request } from 'node:http'
import { type Contestant, start } from './support/contestant.ts'
import { areaOf, drawAgain, intervalOf, type Sample } from './support/distributions.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

const requests = Number(process.env['BENCH_REQUESTS'] ?? 1_000)
const warmUps = 20
const kinds = ['known', 'unknown', 'unverified', 'disabled', 'password-less'] as const
const planted = 'planted delay'
const plantedShare = 0.1
/** Of the median, or in milliseconds, whichever is wider. */
const [ofMedian, milliseconds] = [0.05, 0.3]
const areas = [0.45, 0.55] as const

const password = 'seven quiet herons at dawn'
/** What is asked, and how each is answered. */
const doors = {
  'another link': ['/api/auth/resend-verification', 202, (email: string) => ({ email })],
  'forgotten password': ['/api/auth/forgot-password', 202, (email: string) => ({ email })],
  'sign-in': ['/api/auth/login', 401, (email: string) => ({ email, password: `${password}, not` })],
  registration: ['/api/auth/register', 202, (email: string) => ({ name: 'Ada', email, password })],
} as const

export async function enumeration(teardowns: Teardowns): Promise<void> {
  const servers = await startStores(teardowns)
  const all = { embedded: {}, ...(servers && { clustered: servers }) }
  if (servers === undefined) {
    console.log('MISSED clustered: not run, PostgreSQL and Redis are not installed')
    process.exitCode = 1
  }
  for (const [stores, facts] of Object.entries(all)) {
    const gatehouse = await start(teardowns, 'gatehouse', facts)
    await gatehouse.ask('people', requests + warmUps)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    teardowns.teardown(() => agent.destroy())
    for (const door of Object.keys(doors) as (keyof typeof doors)[]) {
      // What the door before asked for goes on being done behind its answers.
      await gatehouse.ask('settle')
      const samples = await measure(gatehouse, agent, door)
      judge(`${stores}, ${door}`, samples)
    }
  }
}

async function measure(gatehouse: Contestant, agent: Agent, door: keyof typeof doors): Promise<Map<string, Sample>> {
  const [path, expected, bodyOf] = doors[door]
  const times = new Map<string, number[]>([...kinds, planted].map((kind) => [kind, []]))
  const timeOf = async (kind: string, number: number) => {
    const email =
      kind === planted ? `${door.replaceAll(' ', '-')}-${number}@planted.example.com` : `${kind}-${number}@example.com`
    const startedAt = performance.now()
    await ask(gatehouse, agent, path, expected, bodyOf(email))
    if (kind === planted) wait((performance.now() - startedAt) * plantedShare)
    return performance.now() - startedAt
  }
  for (let number = 0; number < requests + warmUps; number++) {
    for (const kind of inAnyOrder([...times.keys()])) {
      const time = await timeOf(kind, number)
      if (number >= warmUps) times.get(kind)!.push(time)
    }
  }
  return drawAgain(times)
}

/**
 * Prints each pair and whether it tells anything. No pair of kinds may; and the planted delay must be found, or the machine was too busy
 * for the run to say anything.
 */
function judge(title: string, samples: ReadonlyMap<string, Sample>): void {
  const reference = samples.get('unknown')!
  console.log(`${title}: median ${reference.median.toFixed(3)} ms`)
  const compare = (one: string, other: string, wanted: (found: Found) => boolean) => {
    const [first, second] = [samples.get(one)!, samples.get(other)!]
    const [low, high] = intervalOf(first, second)
    const bound = Math.max(second.median * ofMedian, milliseconds)
    const found = { low, high, bound, area: areaOf(first, second) }
    const met = wanted(found)
    if (!met) process.exitCode = 1
    const interval = `${low.toFixed(3)} to ${high.toFixed(3)} ms (target ± ${bound.toFixed(3)})`
    console.log(`${met ? 'met   ' : 'MISSED'} ${one}, against ${other}: ${interval}, area ${found.area.toFixed(3)}`)
  }
  for (const [at, one] of kinds.entries()) for (const other of kinds.slice(at + 1)) compare(one, other, isAlike)
  compare(planted, 'unknown', (found) => found.low > 0 && !isAlike(found))
}

interface Found {
  low: number
  high: number
  bound: number
  area: number
}
const isAlike = ({ low, high, bound, area }: Found) =>
  low >= -bound && high <= bound && area >= areas[0] && area <= areas[1]

/** As a delay on the way would be, without giving the processor to somebody else. */
function wait(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

function inAnyOrder<T>(list: readonly T[]): T[] {
  return list
    .map((one) => ({ one, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ one }) => one)
}

function ask({ port }: Contestant, agent: Agent, path: string, expected: number, content: object): Promise<void> {
  const body = JSON.stringify(content)
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((done, fail) => {
    const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path, agent, headers }, (response) => {
      response.resume()
      if (response.statusCode === expected) response.on('end', done)
      else fail(new Error(`${path} was answered ${response.statusCode}`))
    })
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}
