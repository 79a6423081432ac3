/** Measures contestants in turns, so that a machine whose speed drifts treats them alike. */
import type { Contestant } from './contestant.ts'
import { load } from './load.ts'

export interface Entry {
  name: string
  contestant: Contestant
  request: string
  expected: string
}

interface Round {
  rate: number
  p50: number
  p99: number
  cpuMicroseconds: number
}

const connections = 32
const secondsARound = 1.5

/** Runs the entries in turns and prints medians, and each entry's share of the last one, the reference, pair by pair. */
export async function compare(title: string, entries: readonly Entry[], rounds = 9): Promise<void> {
  const results = entries.map((): Round[] => [])
  for (let round = -1; round < rounds; round++) {
    for (const [index, entry] of entries.entries()) {
      const cpuBefore = await entry.contestant.cpu()
      const seconds = round === -1 ? 1 : secondsARound
      const result = await load({ ...entry, port: entry.contestant.port, connections, seconds })
      const cpu = (await entry.contestant.cpu()) - cpuBefore
      // The first round warms up code and caches.
      if (round === -1) continue
      results[index]!.push({
        rate: result.requests / result.seconds,
        p50: result.p50,
        p99: result.p99,
        cpuMicroseconds: cpu / result.requests,
      })
    }
  }
  const reference = results.at(-1)!
  const rows = entries.map(({ name }, index) => {
    const own = results[index]!
    const ratio = (figure: keyof Round) => median(own.map((round, i) => round[figure] / reference[i]![figure]))
    return {
      [title]: name,
      'requests/s': Math.round(median(own.map(({ rate }) => rate))),
      'p50 µs': median(own.map(({ p50 }) => p50)),
      'p99 µs': median(own.map(({ p99 }) => p99)),
      'CPU µs': round2(median(own.map(({ cpuMicroseconds }) => cpuMicroseconds))),
      'rate ratio': round2(ratio('rate')),
      'p99 ratio': round2(ratio('p99')),
      'CPU ratio': round2(ratio('cpuMicroseconds')),
    }
  })
  console.table(rows)
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
