/** What is remembered of the headers that identity is written as. */
import { test } from 'tap'
import type { Principal } from '../../../src/core/principal.ts'
import { parseRequestTarget } from '../../../src/core/request-target.ts'
import { compileAccessRules } from '../../../src/features/forward-auth/access-rules.ts'
import { createIdentityHeaders } from '../../../src/features/forward-auth/identity.ts'
import { createClock } from '../../support/service.ts'

const issuer = 'https://auth.example.test'
const principal: Principal = { kind: 'client', subject: 'c', name: 'C', scopes: [], clientId: 'c' }

void test('an assertion is signed once for half its life, and remembered in a bounded number of bytes', (t) => {
  const clock = createClock()
  let signed = 0
  const sign = () => `${++signed}`.padEnd(1_000, 'x')
  const headers = createIdentityHeaders({ sign, issuer, clock, maxRememberedBytes: 32_000 })
  const rules = compileAccessRules({ 'app.example.test': { rules: [{ allow: 'signed-in' }] } })
  const target = parseRequestTarget({ method: 'GET', scheme: 'https', host: 'app.example.test', target: '/' })
  if (typeof target === 'string') throw new Error(target)
  const presentation = rules.host('app.example.test')!.presentation(target)
  const principals = Array.from({ length: 40 }, () => ({ ...principal }))
  const askAll = (from: number) => {
    const before = signed
    for (const one of principals.slice(from)) headers.of(one, presentation, target)
    return signed - before
  }

  t.equal(askAll(0), 40)
  t.equal(askAll(35), 0, 'the newest are remembered')
  t.ok(askAll(0) >= 25, 'and no more than the bound holds')
  clock.advance(31)
  t.equal(askAll(38), 2, 'renewed after half their life')
  t.end()
})

void test('origins that somebody invents under a wildcard take nothing away from real ones', (t) => {
  const clock = createClock()
  let signed = 0
  const headers = createIdentityHeaders({ sign: () => `${++signed}`, issuer, clock })
  const settings = { rules: [{ allow: 'signed-in' as const }] }
  const rules = compileAccessRules({ '*.example.test': settings, 'exact.example.test': settings })
  const ask = (host: string, who?: Principal) => {
    const target = parseRequestTarget({ method: 'GET', scheme: 'https', host, target: '/' })
    if (typeof target === 'string') throw new Error(target)
    const presentation = rules.host(host)!.presentation(target)
    return who === undefined ? headers.anonymous(presentation) : headers.of(who, presentation, target)
  }
  const [ada, mallory] = [{ ...principal }, { ...principal }]
  const real = ['real.example.test', 'exact.example.test'].map((host) => ask(host, ada))
  const nobody = ask('real.example.test')

  const lists = new Set(Array.from({ length: 5_000 }, (_, at) => ask(`invented-${at}.example.test`)))
  t.same([...lists], [nobody], 'what says nothing about anyone is one list')
  for (let at = 0; at < 5_000; at++) ask(`invented-${at}.example.test`, mallory)
  const before = signed
  t.strictSame(
    ['real.example.test', 'exact.example.test'].map((host) => ask(host, ada)),
    real,
  )
  t.equal(signed, before, 'nothing had to be signed anew')
  ask('invented-4999.example.test', mallory)
  t.equal(signed, before, 'who they are still profits')
  ask('invented-0.example.test', mallory)
  t.equal(signed, before + 1, 'within a bound')
  t.end()
})
