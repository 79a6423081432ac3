import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'tap'
import { createCohort } from '../../src/core/cohort.ts'

void test('who comes in the same turn of the event loop takes each step when all have taken the one before', async (t) => {
  const meet = createCohort()
  const steps: string[] = []
  const work = async (name: string) => {
    steps.push(`${name} comes`)
    await meet()
    steps.push(`${name} signs`)
    await Promise.resolve()
    steps.push(`${name} writes`)
  }
  await Promise.all(['a', 'b', 'c'].map(work))
  t.same(
    steps,
    ['comes', 'signs', 'writes'].flatMap((step) => ['a', 'b', 'c'].map((name) => `${name} ${step}`)),
  )
})

void test('who comes while others go on waits for the next turn', async (t) => {
  const meet = createCohort()
  const went: string[] = []
  const comeAgain = async () => {
    await meet()
    const again = meet()
    went.push('early')
    await again
    went.push('late')
  }
  const comeOnce = async () => {
    await meet()
    went.push('beside it')
  }
  await Promise.all([comeAgain(), comeOnce()])
  t.same(went, ['early', 'beside it', 'late'])
})

void test('everybody keeps what AsyncLocalStorage knows of them', async (t) => {
  const meet = createCohort()
  const origins = new AsyncLocalStorage<string>()
  const ask = (name: string) =>
    origins.run(name, async () => {
      await meet()
      return origins.getStore()
    })
  t.same(await Promise.all(['a', 'b', 'c'].map(ask)), ['a', 'b', 'c'])
})
