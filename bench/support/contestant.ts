/** A server under measurement: a fresh process that says where it listens and how much processor time it has used. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Teardowns } from './teardowns.ts'

/** What a server process tells its parent once it listens. */
export interface Ready {
  port: number
  /** Whatever the parent needs to ask, such as a token. */
  facts: Record<string, string>
}

export interface Contestant extends Ready {
  readonly pid: number
  /** Microseconds of processor time since it started. */
  cpu(): Promise<number>
  /** Asks one of the questions that the server passed to `report`. */
  ask<T>(question: string, about?: unknown): Promise<T>
}

type Answers = Record<string, (about: never) => unknown>

/** Starts `bench/servers/<name>.ts` and waits until it is ready. `root`: of another checkout, whose server it then is. */
export async function start(
  teardowns: Teardowns,
  name: string,
  facts: object = {},
  root?: string,
): Promise<Contestant> {
  const own = fileURLToPath(new URL('../..', import.meta.url))
  const module = join(root ?? own, 'bench/servers', `${name}.ts`)
  const child = fork(module, { execArgv: [...process.execArgv, '--expose-gc'] })
  teardowns.teardown(
    () =>
      new Promise<void>((done) => {
        if (child.exitCode !== null || child.signalCode !== null) return done()
        child.once('exit', () => done())
        // The server stops when the channel closes, so that none outlives its parent either.
        if (child.connected) child.disconnect()
      }),
  )
  const listening = reply<Ready>(child)
  child.send(facts)
  const ready = await listening
  const ask = <T>(question: string, about?: unknown): Promise<T> => {
    const answered = reply<T>(child)
    child.send({ question, about })
    return answered
  }
  return { ...ready, pid: child.pid!, ask, cpu: () => ask('cpu') }
}

function reply<T>(child: ChildProcess): Promise<T> {
  return new Promise((done, fail) => {
    const exited = () => fail(new Error('the server ended'))
    child.once('exit', exited)
    child.once('message', (message) => {
      child.off('exit', exited)
      done(message as T)
    })
  })
}

/** The server's side: reports readiness, answers questions, stops when the parent has gone. */
export function report(ready: Ready, stop: () => unknown, answers: Answers = {}): void {
  const all: Answers = {
    cpu: () => {
      const { user, system } = process.cpuUsage()
      return user + system
    },
    ...answers,
  }
  process.on('message', ({ question, about }: { question: string; about: never }) => {
    void Promise.resolve(all[question]!(about)).then((answer) => process.send!(answer))
  })
  process.once('disconnect', () => void Promise.resolve(stop()).finally(() => process.exit(0)))
  process.send!(ready)
}

/** What the parent passed to `start`. */
export function facts<T>(): Promise<T> {
  return new Promise((done) => process.once('message', (message) => done(message as T)))
}
