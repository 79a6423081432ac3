/**
 * Those who sign in by guesses, each from another network and for another account. They are no server: they have a process of their own,
 * of low priority, so that what measures an answer never waits for them.
 */
import { randomInt } from 'node:crypto'
import { Agent, request } from 'node:http'
import { constants, setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { facts, report } from '../support/contestant.ts'

const { port, count, pauseMilliseconds } = await facts<{ port: number; count: number; pauseMilliseconds: number }>()
setPriority(constants.priority.PRIORITY_LOW)

const agent = new Agent({ keepAlive: true })
let flooding = { isOver: true, done: Promise.resolve() }
let answers: Record<number, number> = {}

function signIn(): Promise<void> {
  return new Promise((done, fail) => {
    const network = `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': network }
    const sent = request({ port, agent, path: '/api/auth/login', method: 'POST', headers }, (answer) => {
      const { statusCode = 0 } = answer
      answers[statusCode] = (answers[statusCode] ?? 0) + 1
      answer.resume().on('end', done)
    })
    sent.on('error', fail)
    sent.end(JSON.stringify({ email: `guess-${randomInt(1e9)}@example.com`, password: 'a wrong guess of somebody' }))
  })
}

async function floodUntil(run: { isOver: boolean }): Promise<void> {
  const all = Array.from({ length: count }, async () => {
    while (!run.isOver) {
      await signIn()
      await sleep(Math.random() * 2 * pauseMilliseconds)
    }
  })
  await Promise.all(all)
}

report({ port, facts: {} }, () => agent.destroy(), {
  begin() {
    const run = { isOver: false, done: Promise.resolve() }
    flooding = Object.assign(run, { done: floodUntil(run) })
    return true
  },
  /** What was answered since the beginning, by status, once everything is. */
  async end() {
    flooding.isOver = true
    await flooding.done
    const told = answers
    answers = {}
    return told
  },
})
