/** What must hold of everything that verifies tokens with a copy of the key set, whatever becomes of clocks and keys. */
import { randomUUID } from 'node:crypto'
import { decodeProtectedHeader } from 'jose'
import type { Test } from 'tap'
import { decode, mint, ownKey } from './forgery.ts'
import type { Service } from './service.ts'
import type { Verifier, VerifierClock } from './verifiers.ts'

export interface Watched {
  service: Service
  clock: VerifierClock
  /** A new token. */
  issue(): Promise<string>
  /** How long one lives. */
  seconds: number
  verifiers: Record<string, Verifier>
}

/** How long the recipes keep a copy, and how often they look for an unknown key; seconds. */
const [kept, pause] = [300, 10]

export async function holdsWithOtherClocks(t: Test, { service, clock, issue, seconds, verifiers }: Watched) {
  await t.test('tokens count with clocks five seconds apart, either way, and for no longer', async (t) => {
    const each = Object.entries(verifiers)
    for (const skew of [-5, 5]) {
      clock.skew = skew
      service.clock.advance(15)
      const fresh = await issue()
      for (const [name, { verify }] of each) t.match(await verify(fresh), /^200/, `${name}: ${skew} s, fresh`)
      service.clock.advance(seconds - 1)
      for (const [name, { verify }] of each) t.match(await verify(fresh), /^200/, `${name}: ${skew} s, at its end`)
    }
    clock.skew = 0
    service.clock.advance(15)
    const old = await issue()
    service.clock.advance(seconds + 15)
    for (const [name, { verify }] of each) t.match(await verify(old), /^401/, `${name}: expired for 15 s`)
  })
}

/** Makes tokens with a key of the service, as somebody could who knows it, or that name another one. */
export async function createForger({ service, issue }: Watched) {
  const sample = await issue()
  const { privatePem } = await ownKey(service, decodeProtectedHeader(sample).kid)
  return async (header: object = {}) => {
    const [, body] = (await issue()).split('.') as [string, string]
    return mint({ ...decodeProtectedHeader(sample), ...header }, decode(body), privatePem)
  }
}

export async function boundsFetches(t: Test, watched: Watched): Promise<void> {
  const { service, issue, seconds, verifiers } = watched
  await t.test(
    'unknown keys are looked for every ten seconds, and in between whoever names one is told so',
    async (t) => {
      const forge = await createForger(watched)
      for (const [name, { verify, keys }] of Object.entries(verifiers)) {
        service.clock.advance(seconds / 2)
        const good = await issue()
        t.match(await verify(good), /^200/, name)
        service.clock.advance(pause + 5)
        const before = keys.fetches()
        const told: string[] = []
        for (let i = 0; i < 20; i++) told.push(await verify(await forge({ kid: randomUUID() })))
        // Nimbus counts two fetches before it says no.
        t.ok(keys.fetches() - before <= (name === 'Java' ? 2 : 1), `${name}: ${keys.fetches() - before} fetches`)
        t.match(told.at(-1), /^503/, name)
        // Envoy never looks for one, and so never knows.
        t.match(told[0], name === 'Envoy' ? /^503/ : /^401/, name)
        for (const one of told.filter((one) => one.includes('{') && one.startsWith('503'))) {
          t.match(one, '{"retry-after":"10"}', name)
        }
        t.match(await verify(good), /^200/, `${name}: others are not held up`)
      }
    },
  )
  await t.test('a set that cannot be had is 503, not 401, until it can', async (t) => {
    // Envoy keeps the copy that it has.
    const each = Object.entries(verifiers).filter(([name]) => name !== 'Envoy')
    for (const { keys } of Object.values(verifiers)) keys.fail(true)
    service.clock.advance(kept + 5)
    const good = await issue()
    for (const [name, { verify }] of each) t.match(await verify(good), /^503/, name)
    for (const { keys } of Object.values(verifiers)) keys.fail(false)
    service.clock.advance(pause + 1)
    for (const [name, { verify }] of each) t.match(await verify(good), /^200/, name)
  })
}

const keyOf = (token: string) => decodeProtectedHeader(token).kid

export async function holdsThroughPlannedRotation(t: Test, watched: Watched): Promise<void> {
  const { service, issue, seconds, verifiers } = watched
  await t.test('a planned rotation costs no token, at any time', async (t) => {
    service.clock.advance(3_600)
    const wrong: string[] = []
    const live: string[] = []
    async function watch(duration: number) {
      const step = seconds / 5
      for (let passed = 0; passed < duration; passed += step) {
        live.push(await issue())
        for (const token of new Set([live.at(-5) ?? live[0]!, live.at(-1)!])) {
          for (const [name, { verify }] of Object.entries(verifiers)) {
            const answer = await verify(token)
            if (!answer.startsWith('200')) wrong.push(`${name} after ${passed} s: ${answer}`)
          }
        }
        service.clock.advance(step)
      }
    }
    await watch(kept / 2)
    const before = keyOf(await issue())
    await service.operate('POST', '/keys/rotate', { compromised: false })
    t.not(keyOf(await issue()), before, 'another key signs')
    await watch(1_000)
    t.same(wrong, [])
  })
}

export async function holdsThroughEmergencies(t: Test, watched: Watched): Promise<void> {
  const { service, issue, verifiers } = watched
  const each = Object.entries(verifiers)
  const everybodyTakes = async (t: Test, token: string, when: string) => {
    for (const [name, { verify }] of each) t.match(await verify(token), /^200/, `${name}: ${when}`)
  }

  await t.test('an ended key counts for five minutes at most, and what the next one signs at once', async (t) => {
    service.clock.advance(3_600)
    await everybodyTakes(t, await issue(), 'before')
    const forge = await createForger(watched)
    const kid = keyOf(await issue())
    await service.operate('POST', '/keys/rotate', { compromised: true, kid })
    t.not(keyOf(await issue()), kid)
    await everybodyTakes(t, await issue(), 'at once')
    service.clock.advance(kept + 1)
    const forged = await forge()
    for (const [name, { verify }] of each) t.match(await verify(forged), /^(401|503)/, `${name}: of the ended key`)
    await everybodyTakes(t, await issue(), 'after that')
  })

  await t.test('after all keys have ended nobody takes the old ones, and new ones count soon', async (t) => {
    service.clock.advance(kept)
    await everybodyTakes(t, await issue(), 'before')
    const forge = await createForger(watched)
    await service.operate('POST', '/keys/rotate', { compromised: true })
    const token = await issue()
    for (const [name, { verify }] of each) t.match(await verify(token), /^(200|503)/, `${name}: at once`)
    service.clock.advance(pause + 1)
    for (const [name, { verify }] of each) {
      // Envoy does not look for a key.
      t.match(await verify(token), name === 'Envoy' ? /^503/ : /^200/, `${name}: ten seconds later`)
    }
    service.clock.advance(kept)
    const forged = await forge()
    for (const [name, { verify }] of each) t.match(await verify(forged), /^(401|503)/, `${name}: of an ended key`)
    await everybodyTakes(t, await issue(), 'after that')
  })
}
