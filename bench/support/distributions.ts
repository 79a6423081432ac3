/** Whether two lists of times tell from which of two kinds a request was. */

const resamples = 2_000

/** Of sorted or unsorted numbers. */
function medianOf(values: Float64Array): number {
  const sorted = values.toSorted()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Times with the medians of what else they might have been. */
export interface Sample {
  readonly times: Float64Array
  readonly median: number
  readonly medians: Float64Array
}

/**
 * Draws each of several lists from itself with replacement, many times (Efron 1979). The lists are of one length, and what stands at one
 * place of all was measured at one time: it is drawn together, so that a machine whose speed drifts treats all alike.
 */
export function drawAgain(lists: ReadonlyMap<string, readonly number[]>): Map<string, Sample> {
  const length = [...lists.values()][0]!.length
  const samples = new Map(
    [...lists].map(([name, list]) => {
      const times = Float64Array.from(list)
      return [name, { times, median: medianOf(times), medians: new Float64Array(resamples) }]
    }),
  )
  const drawn = new Float64Array(length)
  for (let resample = 0; resample < resamples; resample++) {
    const places = Uint32Array.from({ length }, () => Math.floor(Math.random() * length))
    for (const { times, medians } of samples.values()) {
      for (let i = 0; i < length; i++) drawn[i] = times[places[i]!]!
      medians[resample] = medianOf(drawn)
    }
  }
  return samples
}

/** The 95 % bootstrap interval of the difference of medians, by percentiles. */
export function intervalOf(one: Sample, other: Sample): [low: number, high: number] {
  const differences = one.medians.map((median, i) => median - other.medians[i]!).toSorted()
  return [differences[Math.floor(0.025 * resamples)]!, differences[Math.ceil(0.975 * resamples) - 1]!]
}

/**
 * How often a time of the one is longer than a time of the other, ties by half: the area under the curve of whoever guesses by it
 * (Mann and Whitney). 0.5 where the times tell nothing.
 */
export function areaOf(one: Sample, other: Sample): number {
  const sorted = other.times.toSorted()
  let wins = 0
  for (const time of one.times) wins += (countBelow(sorted, time, false) + countBelow(sorted, time, true)) / 2
  return wins / (one.times.length * sorted.length)
}

/** How many are less than a value, or equal to it too. */
function countBelow(sorted: Float64Array, value: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value || (orEqual && sorted[middle] === value)) low = middle + 1
    else high = middle
  }
  return low
}
