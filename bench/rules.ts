/**
 * What a decision costs with ten thousand rules, against one: over HTTP, with a warm token, in one process. Each set is a
 * host of its own whose last rule is the one that decides.
 */
import { compare, verdict } from './support/compare.ts'
import { start } from './support/contestant.ts'
import { bearer, question } from './support/question.ts'
import type { Teardowns } from './support/teardowns.ts'

const count = 10_000
const number = (at: number) => String(at).padStart(5, '0')

/** By the name of the host: the path of each rule, and a path that the last of them matches. */
const sets: Record<string, { title: string; pattern: (at: number) => string; path: string }> = {
  'spread.example.com': {
    title: 'spread over the tree',
    pattern: (at) => `/area-${at % 100}/service-${Math.floor(at / 100)}/**`,
    path: '/area-99/service-99/reports',
  },
  'prefix.example.com': {
    title: 'below one prefix',
    pattern: (at) => `/api/v1/tenants/tenant-${number(at)}/**`,
    path: '/api/v1/tenants/tenant-09999/reports',
  },
  'captures.example.com': {
    title: 'behind captures',
    pattern: (at) => `/users/{subject}/{kind}/item-${number(at)}`,
    path: '/users/ada/reports/item-09999',
  },
  'heads.example.com': {
    title: '* at the end of a segment',
    pattern: (at) => `/files/report-${number(at)}-*`,
    path: '/files/report-09999-2026',
  },
  'tails.example.com': {
    title: '* at the start of a segment',
    pattern: (at) => `/files/*-${number(at)}.pdf`,
    path: '/files/report-09999.pdf',
  },
}

export async function manyRules(teardowns: Teardowns): Promise<void> {
  const hosts = Object.entries(sets).map(([host, { pattern }]) => {
    const rules = Array.from({ length: count }, (_, at) => ({ paths: [pattern(at)], allow: 'signed-in' }))
    return [host, { rules }] as const
  })
  const one = { rules: [{ paths: ['/api/v1/tenants/tenant-00000/**'], allow: 'signed-in' }] }
  const gatehouse = await start(teardowns, 'gatehouse', {
    hosts: { ...Object.fromEntries(hosts), 'one.example.com': one },
  })
  const credential = bearer(gatehouse.facts['token']!)
  const reference = {
    name: 'one rule',
    contestant: gatehouse,
    request: question(credential, { host: 'one.example.com', path: '/api/v1/tenants/tenant-00000/reports' }),
  }
  const entries = Object.entries(sets).map(([host, { title, path }]) => {
    return { name: `10,000 ${title}`, contestant: gatehouse, request: question(credential, { host, path }) }
  })
  const results = await compare('rules', [...entries, reference])
  for (const [index, { name }] of entries.entries()) {
    verdict(`${name}, CPU of one rule’s`, results[index]!.ratio.cpu, '≤', 1.1)
  }
}
