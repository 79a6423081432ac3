/** What is remembered of the headers that identity is written as. */
import { test } from 'tap'
import type { Principal } from '../../../src/core/principal.ts'
import { parseRequestTarget } from '../../../src/core/request-target.ts'
import { compileAccessRules } from '../../../src/features/forward-auth/access-rules.ts'
import { createIdentityHeaders } from '../../../src/features/forward-auth/identity.ts'
import { createClock } from '../../support/service.ts'

const principal: Principal = { kind: 'client', subject: 'c', name: 'C', scopes: [], clientId: 'c' }

void test('an assertion is signed once for half its life, and remembered in a bounded number of bytes', (t) => {
  const clock = createClock()
  let signed = 0
  const sign = () => `${++signed}`.padEnd(1_000, 'x')
  const headers = createIdentityHeaders({ sign, clock, mostRememberedBytes: 32_000 })
  const rules = compileAccessRules({ 'app.example.test': { rules: [{ allow: 'signed-in' }] } })
  const target = parseRequestTarget({ method: 'GET', scheme: 'https', host: 'app.example.test', target: '/' })
  if (typeof target === 'string') throw new Error(target)
  const presentation = rules.host('app.example.test')!.presentation(target)
  const credentials = Array.from({ length: 40 }, () => ({ principal }))
  const askAll = (from: number) => {
    const before = signed
    for (const credential of credentials.slice(from)) headers.of(credential, presentation, target)
    return signed - before
  }

  t.equal(askAll(0), 40)
  t.equal(askAll(35), 0, 'the newest are remembered')
  t.ok(askAll(0) >= 25, 'and no more than the bound holds')
  clock.advance(31)
  t.equal(askAll(38), 2, 'renewed after half their life')
  t.end()
})
