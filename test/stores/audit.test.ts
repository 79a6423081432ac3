/** The stored audit trail keeps the contract of its port, on every backend. */
import { test } from 'tap'
import type { AuditEventName } from '../../src/audit-events.ts'
import { createOrderedIds } from '../../src/core/ids.ts'
import type { AuditRow } from '../../src/core/records/audit-event.ts'
import { backends } from '../support/backends.ts'
import { createClock } from '../support/service.ts'

for (const backend of backends) {
  void test(`audit events on ${backend.name} stores`, async (t) => {
    const clock = createClock()
    const opened = await backend.open(clock)
    t.teardown(() => opened.close())
    const { audit } = opened.stores
    const nextId = createOrderedIds()
    const row = (event: AuditEventName, subject: string, seconds = 0): AuditRow => {
      const now = clock.now() + seconds * 1000
      const unknown = { actor: null, clientId: null, sessionId: null, ip: null, requestId: null }
      return { id: nextId(now), at: new Date(now), event, subject, ...unknown, details: { reason: 'x', count: 2 } }
    }
    const rows = [
      ...Array.from({ length: 30 }, () => row('user.enabled', 'ada')),
      ...Array.from({ length: 5 }, (_, i) => row('user.disabled', 'eve', 60 + i)),
    ]
    const newestFirst = rows.toReversed()
    await Promise.all([audit.append(rows), audit.append(rows.slice(3)), audit.append([])])

    await t.test('are written once, however often it is tried, and read as they were', async (t) => {
      t.same(await audit.list({ limit: 100 }), newestFirst)
      await audit.append([{ ...rows[0]!, subject: 'another' }])
      t.same(await audit.list({ limit: 100 }), newestFirst)
    })
    await t.test('come page by page without a gap or a repeat, also within one millisecond', async (t) => {
      const pages: AuditRow[] = []
      for (let before: string | undefined; ; before = pages.at(-1)!.id) {
        const page = await audit.list({ limit: 4, before })
        pages.push(...page)
        if (page.length < 4) break
      }
      t.same(pages, newestFirst)
    })
    await t.test('are found by name, subject and time', async (t) => {
      t.equal((await audit.list({ limit: 100, event: 'user.disabled' })).length, 5)
      t.equal((await audit.list({ limit: 100, subject: 'ada' })).length, 30)
      t.equal((await audit.list({ limit: 100, subject: 'ada', event: 'user.disabled' })).length, 0)
      t.equal((await audit.list({ limit: 100, since: new Date(clock.now() + 62_000) })).length, 3)
    })
  })
}

void test('ids of one process sort in the order of their making, whatever the clock does', async (t) => {
  const nextId = createOrderedIds()
  const now = Date.now()
  const ids = [...Array.from({ length: 10_000 }, () => nextId(now)), nextId(now - 5_000), nextId(now + 50)]
  t.same(ids, ids.toSorted())
  t.equal(new Set(ids).size, ids.length)
  t.ok(ids[0]!.replace('-', '').startsWith(now.toString(16).padStart(12, '0')))
  t.match(ids[5_000], /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
