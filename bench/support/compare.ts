/** Measures contestants in turns, so that a machine whose speed drifts treats them alike. */
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import type { Contestant } from './contestant.ts'
import { load } from './load.ts'

export interface Entry {
  name: string
  /** Whose processor time counts. */
  contestant: Contestant
  /** Where the request goes, if not to the contestant. */
  port?: number
  request: Parameters<typeof load>[0]['request']
  expected?: string
  /** What has to be there before each turn, and is not measured. */
  prepare?(): Promise<unknown>
}

/** The medians of one entry. */
export interface Medians {
  rate: number
  p50: number
  p99: number
  cpuMicroseconds: number
  requests: number
  /** Against the last entry, the reference, round by round. */
  ratio: { rate: number; p99: number; cpu: number }
}

type Round = Omit<Medians, 'ratio'>

const connections = 64
/** Short rounds and many of them: neighbours on a machine come and go within seconds. */
const secondsARound = 0.5
const warmUps = 3
const defaultRounds = 25

/**
 * Runs the entries in turns and prints medians, and the ratios to the last one. `apart`: for servers that are asked
 * directly, each on the same core, while the generator has the others and never sleeps. Otherwise a slower server would pay
 * for waking a generator that a quicker one keeps busy, and one with threads would be helped by what the generator leaves.
 */
export async function compare(
  title: string,
  entries: readonly Entry[],
  { apart = false, rounds = defaultRounds } = {},
): Promise<Medians[]> {
  const results = entries.map((): Round[] => [])
  const together = apart ? keepApart(entries.map(({ contestant }) => contestant.pid)) : undefined
  for (let round = -warmUps; round < rounds; round++) {
    for (const [index, entry] of entries.entries()) {
      const result = await measure(entry, together !== undefined)
      if (round >= 0) results[index]!.push(result)
    }
  }
  together?.()
  const reference = results.at(-1)!
  const all = results.map((own): Medians => {
    const of = (figure: keyof Round) => median(own.map((round) => round[figure]))
    const ratio = (figure: keyof Round) => median(own.map((round, i) => round[figure] / reference[i]![figure]))
    return {
      rate: of('rate'),
      p50: of('p50'),
      p99: of('p99'),
      cpuMicroseconds: of('cpuMicroseconds'),
      requests: own.reduce((sum, round) => sum + round.requests, 0),
      ratio: { rate: ratio('rate'), p99: ratio('p99'), cpu: ratio('cpuMicroseconds') },
    }
  })
  console.table(
    all.map(({ rate, p50, p99, cpuMicroseconds, ratio }, index) => ({
      [title]: entries[index]!.name,
      'requests/s': Math.round(rate),
      'p50 µs': p50,
      'p99 µs': p99,
      'CPU µs': round2(cpuMicroseconds),
      'rate ratio': round2(ratio.rate),
      'p99 ratio': round2(ratio.p99),
      'CPU ratio': round2(ratio.cpu),
    })),
  )
  return all
}

/** One line that states a figure beside its target. */
export function verdict(what: string, value: number, relation: '≥' | '≤', target: number): void {
  const met = relation === '≥' ? value >= target : value <= target
  console.log(`${met ? 'met   ' : 'MISSED'} ${what}: ${round2(value)} (target ${relation} ${target})`)
}

async function measure(entry: Entry, awake: boolean): Promise<Round> {
  const { contestant, port, request, expected } = entry
  await entry.prepare?.()
  const cpuBefore = await contestant.cpu()
  const result = await load({
    port: port ?? contestant.port,
    request,
    expected: expected ?? 'HTTP/1.1 200',
    connections,
    seconds: secondsARound,
    awake,
  })
  const cpu = (await contestant.cpu()) - cpuBefore
  return {
    rate: result.requests / result.seconds,
    p50: result.p50,
    p99: result.p99,
    cpuMicroseconds: cpu / result.requests,
    requests: result.requests,
  }
}

/** Pins the servers to one core and this process to the others; returns what ends that. Says so where it cannot be done. */
export function keepApart(servers: readonly number[]): (() => void) | undefined {
  const last = cpus().length - 1
  const pin = (cores: string, pid: number) =>
    execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', cores, String(pid)], { stdio: 'ignore' })
  try {
    if (last === 0) throw new Error('one core')
    for (const pid of servers) pin('0', pid)
    pin(`1-${last}`, process.pid)
    return () => pin(`0-${last}`, process.pid)
  } catch {
    console.log('servers and generator share their cores: there is one, or no taskset')
    return undefined
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
