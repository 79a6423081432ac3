/** Who logs an event that has no sentence does not compile; a sentence of an event that nobody logs would stay unnoticed. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { auditEvents } from '../../src/audit-events.ts'
import { logEvents } from '../../src/core/log-events.ts'

const folder = fileURLToPath(new URL('../../src', import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const sources = files.map((name) => readFileSync(join(folder, name), 'utf8'))

void test('every event of the tables is told somewhere, under a name that is no other’s', async (t) => {
  for (const event of [...Object.keys(logEvents), ...Object.keys(auditEvents)]) {
    const told = new RegExp(String.raw`event: .*'${event.replace('.', '[.]')}'`)
    t.ok(
      sources.some((text) => told.test(text)),
      event,
    )
  }
  t.same(
    Object.keys(logEvents).filter((event) => event in auditEvents),
    [],
  )
})
