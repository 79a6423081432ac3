/** What comes next in a sign-in, for each of the things that are known of it: nobody is signed in by less than is asked of them. */
import { test } from 'tap'
import { type Facts, nextStep } from '../../src/features/sign-in/next-step.ts'

const now = Date.parse('2026-11-30T12:00:00Z')
const [pwd, otp] = ['pwd', 'otp'].map((method) => ({ method, at: now }))
const nothing = { proofs: [pwd!], hasFactor: false, isRemembered: false, mailboxNeeded: false, enrolBy: undefined, now }

void test('the next step of a sign-in', async (t) => {
  const cases: readonly (readonly [what: string, facts: Partial<Facts>, level: 'aal2' | null, step: string])[] = [
    ['a password, and nothing that asks for more', {}, null, 'session'],
    ['aal2 is asked for, and there is no factor: the page says so afterwards', {}, 'aal2', 'session'],
    ['there is a factor', { hasFactor: true }, null, 'second_factor'],
    ['it was shown', { hasFactor: true, proofs: [pwd!, otp!] }, 'aal2', 'session'],
    ['the browser is remembered', { hasFactor: true, isRemembered: true }, null, 'session'],
    ['but aal2 is asked for', { hasFactor: true, isRemembered: true }, 'aal2', 'second_factor'],
    [
      'a mark of a browser is worth nothing where there is no factor',
      { isRemembered: true, enrolBy: now },
      null,
      'enrol',
    ],
    ['one is needed later', { enrolBy: now + 1 }, null, 'session'],
    ['one is needed now', { enrolBy: now }, null, 'enrol'],
    ['one was set up just now', { enrolBy: now, hasFactor: true, proofs: [pwd!, otp!] }, null, 'session'],
    ['an operator has taken them away', { mailboxNeeded: true }, null, 'enrol'],
    ['whenever one is needed', { mailboxNeeded: true, enrolBy: now + 1 }, null, 'enrol'],
    ['a code alone', { hasFactor: true, proofs: [otp!] }, null, 'second_factor'],
    ['the same proof twice', { hasFactor: true, proofs: [pwd!, pwd!] }, null, 'second_factor'],
  ]
  for (const [what, facts, level, step] of cases) t.equal(nextStep({ level }, { ...nothing, ...facts }), step, what)
})
