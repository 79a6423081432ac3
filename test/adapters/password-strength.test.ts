/** The bounds of the strength estimate: what is judged, how many wait, and how long. */
import { test } from 'tap'
import { defaultPolicy } from '../../src/core/password-policy.ts'
import { createStrengthEstimate } from '../../src/adapters/password-strength.ts'

const unavailable = { name: 'GatehouseError', code: 'unavailable', retryAfterSeconds: Number }
/** Answers the lengths of what it is asked; `hang` never, `die` with a fault. */
const thread = new URL('../support/odd-thread.mjs', import.meta.url)

void test('the estimate of a password is bounded', async (t) => {
  const estimate = createStrengthEstimate()
  await t.test('in what it judges: the first 32 characters, and 32 more where those are weak', async (t) => {
    const [strong, weak] = ['kV9#xq2!Tz7&mB4@wL6$pR1^', 'password'.repeat(4)]
    t.equal(await estimate(strong, []), 4)
    t.ok(Number(await estimate(weak + strong, [])) >= 2, 'one part that nobody guesses is enough')
    t.equal(await estimate(weak + weak + strong, []), await estimate(weak, []), 'what comes later is not looked at')
    const asked = createStrengthEstimate(defaultPolicy, { thread })
    t.equal(await asked('short', []), '5')
    t.equal(await asked('ß🦉'.repeat(100), []), '32+32', 'by characters, not halves of them')
  })
  await t.test('in how many wait: what comes on top is refused at once, and the others are answered', async (t) => {
    const walk = '!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>)p:?_{+}zaq1xsw2cde3vfr4bgt5'
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => estimate(walk, ['ada'])))
    const scores = answers
      .filter(({ status }) => status === 'fulfilled')
      .map((answer) => (answer as { value: number }).value)
    t.same(scores, Array(33).fill(4), 'one under way and 32 waiting')
    const refused = answers.filter(({ status }) => status === 'rejected')
    t.equal(refused.length, 7)
    for (const answer of refused) t.match((answer as PromiseRejectedResult).reason, unavailable)
    t.equal(await estimate('password1234', []), 'common', 'and the queue is empty again')
  })
  await t.test(
    'in how long it takes: a thread that hangs is replaced, whoever waits behind it is served',
    async (t) => {
      const hasty = createStrengthEstimate(defaultPolicy, { thread, withinMilliseconds: 1_000 })
      const [hung, next] = [hasty('hang', []), hasty('four', [])]
      await t.rejects(hung, unavailable)
      t.equal(await next, '4')
    },
  )
  await t.test('a fault of the thread fails the one estimate that met it', async (t) => {
    const faulty = createStrengthEstimate(defaultPolicy, { thread })
    const [failed, next] = [faulty('die', []), faulty('four', [])]
    await t.rejects(failed, unavailable)
    t.equal(await next, '4')
  })
})
