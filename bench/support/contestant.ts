/** A server under measurement: a fresh process that says where it listens and how much processor time it has used. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a server process tells its parent once it listens. */
export interface Ready {
  port: number
  /** Whatever the parent needs to ask, such as a token. */
  facts: Record<string, string>
}

export interface Contestant extends Ready {
  /** Microseconds of processor time since it started. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

/** Starts `bench/servers/<name>.ts` and waits until it is ready. */
export async function start(name: string, facts: Record<string, string> = {}): Promise<Contestant> {
  const child = fork(fileURLToPath(new URL(`../servers/${name}.ts`, import.meta.url)), [JSON.stringify(facts)])
  const ready = await answer<Ready>(child)
  return {
    ...ready,
    async cpu() {
      const reply = answer<number>(child)
      child.send('cpu')
      return reply
    },
    stop: () =>
      new Promise((done) => {
        child.once('exit', () => done())
        child.send('stop')
      }),
  }
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((done, fail) => {
    const exited = () => fail(new Error('the server ended'))
    child.once('exit', exited)
    child.once('message', (message) => {
      child.off('exit', exited)
      done(message as T)
    })
  })
}

/** The server's side: reports readiness, answers questions about processor time, stops when told. */
export function report(ready: Ready, stop: () => Promise<void>): void {
  process.on('message', (message) => {
    const { user, system } = process.cpuUsage()
    if (message === 'cpu') process.send!(user + system)
    if (message === 'stop') void stop().then(() => process.exit(0))
  })
  process.send!(ready)
}

/** What the parent passed to `start`. */
export function facts(): Record<string, string> {
  return JSON.parse(process.argv[2] ?? '{}') as Record<string, string>
}
