import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { unavailable } from '../core/errors.ts'
import type { StrengthEstimate } from '../core/password-policy.ts'

/** The estimate's time grows steeply with length, and a password that is weak is weak in its first part already. */
const judgedCharacters = 64
/** Each estimate takes up to most of a second: what waits longer behind others than this is better refused. */
const mostWaiting = 32

interface Question {
  id: number
  password: string
  personal: readonly string[]
}

let worker: Worker | undefined
let asked = 0
const waiting = new Map<number, { done(score: number): void; fail(error: unknown): void }>()

/**
 * zxcvbn's score (0 to 4), against its dictionaries of leaked passwords and common words. It computes on a thread of its
 * own, since the main one answers forward-auth meanwhile. Rejects with `unavailable` when too many estimates wait.
 */
export const estimateStrength: StrengthEstimate = (password, personal) => {
  if (waiting.size >= mostWaiting) return Promise.reject(unavailable(new Error('too many estimates are waiting')))
  worker ??= startWorker()
  const question: Question = { id: asked++, password: password.slice(0, judgedCharacters), personal }
  return new Promise((done, fail) => {
    waiting.set(question.id, { done, fail })
    worker!.ref()
    worker!.postMessage(question)
  })
}

function startWorker(): Worker {
  const started = new Worker(new URL(import.meta.url), { stderr: true })
  started.on('message', ({ id, score }: { id: number; score: number }) => {
    waiting.get(id)?.done(score)
    waiting.delete(id)
    // An idle thread must not keep the process alive.
    if (waiting.size === 0) started.unref()
  })
  started.on('error', (error) => {
    worker = undefined
    for (const { fail } of waiting.values()) fail(error)
    waiting.clear()
  })
  return started
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
  })
  port.on('message', ({ id, password, personal }: Question) => {
    port.postMessage({ id, score: checker.check(password, [...personal]).score })
  })
}
