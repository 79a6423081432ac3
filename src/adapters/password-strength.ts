import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { unavailable } from '../core/errors.ts'
import { leastStrength, type StrengthEstimate } from '../core/password-policy.ts'

export interface StrengthBounds {
  /** How many estimates may wait for the one under way; what comes on top is refused at once. */
  maxWaiting?: number
  /** How long one estimate may take, once the dictionaries are loaded. */
  withinMilliseconds?: number
  /** The program of the thread. */
  thread?: URL
}

/**
 * How much of a password is judged: its first part, and the second one where the first is weak. The time of an estimate
 * grows steeply with the length; and what is hard to guess in one part is hard to guess as a whole.
 */
const [judgedParts, charactersOfPart] = [2, 32]

interface Question {
  parts: readonly string[]
  personal: readonly string[]
}
interface Waiting {
  question: Question
  done(score: number): void
  fail(error: unknown): void
}

/**
 * zxcvbn's score (0 to 4), against its dictionaries of leaked passwords and common words. It computes on a thread of its
 * own, since the main one answers forward-auth meanwhile: one estimate at a time, in the order of arrival. Rejects with
 * `unavailable` when too many wait, or when the estimate takes too long; the thread is then replaced.
 */
export function createStrengthEstimate(bounds: StrengthBounds = {}): StrengthEstimate {
  const { maxWaiting = 32, withinMilliseconds = 3_000, thread = new URL(import.meta.url) } = bounds
  const waiting: Waiting[] = []
  let underWay: Waiting | undefined
  let worker: Worker | undefined
  let isReady = false
  let timer: NodeJS.Timeout | undefined

  /** Ends the estimate under way and begins the next one. */
  function settle(tell: (asked: Waiting) => void): void {
    clearTimeout(timer)
    const asked = underWay
    underWay = undefined
    if (asked !== undefined) tell(asked)
    next()
  }

  /** Without its thread an estimate has no answer; the next one gets a new thread. */
  function abandon(reason: string, cause?: unknown): void {
    const gone = worker
    worker = undefined
    isReady = false
    gone?.removeAllListeners()
    // What a thread says while it ends must not end the process.
    gone?.on('error', () => {})
    void gone?.terminate()
    settle(({ fail }) => fail(unavailable(new Error(reason, { cause }))))
  }

  function ask(): void {
    if (underWay === undefined || !isReady) return
    timer = setTimeout(() => abandon('a strength estimate took too long'), withinMilliseconds)
    worker!.postMessage(underWay.question)
  }

  function next(): void {
    underWay = waiting.shift()
    // An idle thread must not keep the process alive.
    if (underWay === undefined) return worker?.unref()
    worker ??= start()
    worker.ref()
    ask()
  }

  function start(): Worker {
    const started = new Worker(thread, { stderr: true })
    started.on('message', (message: 'ready' | number) => {
      if (message !== 'ready') return settle(({ done }) => done(message))
      isReady = true
      ask()
    })
    started.on('error', (error) => abandon('the thread of the strength estimate failed', error))
    started.on('exit', () => abandon('the thread of the strength estimate ended'))
    return started
  }

  return (password, personal) => {
    if (waiting.length >= maxWaiting) return Promise.reject(unavailable(new Error('too many estimates are waiting')))
    return new Promise((done, fail) => {
      waiting.push({ question: { parts: partsOf(password), personal }, done, fail })
      if (underWay === undefined) next()
    })
  }
}

function partsOf(password: string): string[] {
  const characters = [...password]
  const starts = Array.from({ length: judgedParts }, (_, part) => part * charactersOfPart)
  return starts.map((start) => characters.slice(start, start + charactersOfPart).join('')).filter((part) => part !== '')
}

/** The thread's side. The dictionaries take a third of a second to index, so they are loaded when first needed. */
if (!isMainThread && parentPort !== null) {
  const port = parentPort
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ])
  const checker = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    // A password full of digits and signs can be read as words in a hundred ways, each of which takes as long as the first.
    l33tMaxSubstitutions: 8,
  })
  port.on('message', ({ parts, personal }: Question) => {
    let score = 0
    for (const part of parts) {
      score = Math.max(score, checker.check(part, [...personal]).score)
      if (score >= leastStrength) break
    }
    port.postMessage(score)
  })
  port.postMessage('ready')
}
