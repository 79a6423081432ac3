/** Rights that do not fit are told as far as they do: whole names, in an order that chance has no part in. */
import * as fc from 'fast-check'
import { test } from 'tap'
import { compileIdentityLimits, fitRights, joinIdentityLimits, type Rights } from '../../src/core/identity-limits.ts'

const name = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*', '-'), minLength: 1, maxLength: 12 })
const list = fc.uniqueArray(name, { maxLength: 30 })
const rights: fc.Arbitrary<Rights> = fc.record({ roles: list, groups: list, permissions: list, scopes: list })
const order = ['roles', 'groups', 'scopes', 'permissions'] as const
const bytesOf = (told: object) => JSON.stringify(told).length
const count = (told: Rights) => order.reduce((sum, each) => sum + told[each].length, 0)

void test('what is told fits, is the first of each list, and could not be one name more', (t) => {
  fc.assert(
    fc.property(rights, fc.integer({ min: 60, max: 600 }), (held, maxBytes) => {
      const { told, bytes } = fitRights(held, { maxBytes, beyond: 'shorten' }, bytesOf)
      const whole = { ...held, shortened: [] }
      if (bytesOf(whole) <= maxBytes) return told !== undefined && bytesOf(told) === bytesOf(whole)
      if (bytes !== bytesOf(whole)) return false
      const sorted = order.flatMap((each) => held[each].toSorted().map((one) => [each, one] as const))
      const first = (many: number) => {
        const part = sorted.slice(0, many)
        const lists = order.map((each) => [each, part.filter(([of]) => of === each).map(([, one]) => one)] as const)
        const one = Object.fromEntries(lists) as unknown as Rights
        return { ...one, shortened: order.filter((each) => one[each].length < held[each].length) }
      }
      if (told === undefined) return bytesOf(first(0)) > maxBytes
      const many = count(told)
      const isFirst = order.every((each) => JSON.stringify(told[each]) === JSON.stringify(first(many)[each]))
      return isFirst && bytesOf(told) <= maxBytes && bytesOf(first(many + 1)) > maxBytes
    }),
    { numRuns: 2_000 },
  )
  t.end()
})

void test('where all or nothing is to be told, a part is nothing', (t) => {
  fc.assert(
    fc.property(rights, fc.integer({ min: 60, max: 600 }), (held, maxBytes) => {
      const { told, bytes } = fitRights(held, { maxBytes, beyond: 'refuse' }, bytesOf)
      return told === undefined ? bytes > maxBytes : bytes <= maxBytes && count(told) === count(held)
    }),
  )
  t.end()
})

void test('names and patterns say what is told, and several hosts let through what all of them do', (t) => {
  const held = {
    roles: ['admin', 'team-a', 'team-b'],
    groups: ['staff', 'x'],
    permissions: ['a:read', 'a:write', 'b:read', '*'],
    scopes: ['s'],
  }
  const told = (roles?: string[], permissions?: string[], groups?: string[]) => {
    const settings = { ...(roles && { roles }), ...(permissions && { permissions }), ...(groups && { groups }) }
    return compileIdentityLimits(settings, 100).select(held)
  }
  t.same(told(), held)
  t.same(told(['*'], ['*']), held)
  t.same(told([], [], []), { roles: [], groups: [], permissions: [], scopes: ['s'] })
  t.same(told(undefined, undefined, ['st*']), { ...held, groups: ['staff'] })
  t.same(told(['team-*', 'nobody']), { ...held, roles: ['team-a', 'team-b'] })
  t.same(told(undefined, ['*:read', 'a:wri']), { ...held, permissions: ['a:read', 'b:read'] })
  t.same(told(undefined, ['a*e*d', '*:write']), { ...held, permissions: ['a:read', 'a:write'] })

  const reads = compileIdentityLimits({ permissions: ['*:read'], max_bytes: 50 }, 100)
  const all = joinIdentityLimits([reads, compileIdentityLimits({ permissions: ['a:*'], beyond: 'refuse' }, 100)], 80)
  t.match(all, { maxBytes: 50, beyond: 'refuse' })
  t.same(all.select(held).permissions, ['a:read'])
  t.match(joinIdentityLimits([], 80), { maxBytes: 80, beyond: 'shorten' })
  t.end()
})
