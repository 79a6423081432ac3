import { type ChildProcess, fork } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unavailable } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Argon2idCosts } from '../core/password-hasher.ts'

/** What the process is asked: to test a password, or to hash one. */
export type Task =
  { readonly password: string; readonly stored: string } | { readonly password: string; readonly costs: Argon2idCosts }

/** `value`: what came out, and nothing at a fault. The id 0 is of no task: its priority could not be lowered. */
export interface Answer {
  readonly id: number
  readonly value?: boolean | string
}

interface UnderWay {
  done(value: boolean | string): void
  fail(error: unknown): void
  timer: NodeJS.Timeout
}

const program = new URL(`./hashing-process${extname(import.meta.url)}`, import.meta.url)

/** Nothing that the service is set up by: no secret of it is in another process. */
function environmentOf(width: number): NodeJS.ProcessEnv {
  const passed = Object.entries(process.env).filter(([name]) => /^(PATH|LANG|TZ|LD_LIBRARY_PATH|NODE_.*)$/.test(name))
  const compiled = getCompileCacheDir()
  return {
    ...Object.fromEntries(passed),
    ...(compiled !== undefined && { NODE_COMPILE_CACHE: compiled }),
    UV_THREADPOOL_SIZE: String(Math.max(4, width)),
  }
}

/**
 * Has tasks done by a process of low priority, at most `width` at once. It is started for the first task, so that nobody pays
 * for it where nobody signs in, and again when it has ended. A task whose process ends, or takes too long, rejects with
 * `unavailable`: that nobody could tell is no answer.
 */
export function createHashing(options: { width: number; log: Log | undefined; withinMilliseconds?: number }) {
  const { width, log, withinMilliseconds = 30_000 } = options
  const underWay = new Map<number, UnderWay>()
  let child: ChildProcess | undefined
  let lastId = 0

  /** An idle process keeps nothing alive: neither this one, nor the channel between them. */
  function hold(): void {
    const [one, channel] = [child, child?.channel]
    if (underWay.size > 0) return [one, channel].forEach((part) => part?.ref())
    for (const part of [one, channel]) part?.unref()
  }

  function settle(id: number, tell: (task: UnderWay) => void): void {
    const task = underWay.get(id)
    if (task === undefined) return
    underWay.delete(id)
    clearTimeout(task.timer)
    tell(task)
    hold()
  }

  function start(): ChildProcess {
    const started = fork(fileURLToPath(program), {
      env: environmentOf(width),
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    let isOver = false
    const end = (reason: string) => {
      if (isOver) return
      isOver = true
      if (child === started) child = undefined
      started.kill('SIGKILL')
      log?.warn({ event: 'passwords.process_ended', reason, tasks: underWay.size }, 'the process that hashes has ended')
      for (const id of underWay.keys()) settle(id, ({ fail }) => fail(unavailable(new Error(reason))))
    }
    started.on('message', ({ id, value }: Answer) => {
      if (id === 0) {
        const message =
          'passwords are hashed with the same priority as everything else: the system lets nobody lower it'
        log?.warn({ event: 'passwords.same_priority' }, message)
      }
      const fault = () => unavailable(new Error('a password could not be hashed or tested'))
      settle(id, ({ done, fail }) => (value === undefined ? fail(fault()) : done(value)))
    })
    started.on('error', (error) => end(`it could not be started or reached: ${error.message}`))
    started.on('exit', (code, signal) => end(`it ended (${signal ?? code})`))
    return started
  }

  return (task: Task): Promise<boolean | string> =>
    new Promise((done, fail) => {
      child ??= start()
      const id = ++lastId
      const [asked, tooLate] = [child, () => void asked.kill('SIGKILL')]
      underWay.set(id, { done, fail, timer: setTimeout(tooLate, withinMilliseconds) })
      hold()
      asked.send({ id, task }, (error) => {
        if (error !== null) settle(id, (one) => one.fail(unavailable(error)))
      })
    })
}
