/** The composition is a list: making it touches nothing, so that a command can make it and start nothing. */
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { test } from 'tap'
import { createFeatures } from '../../src/app.ts'
import { createBase } from '../../src/base.ts'
import { loadConfig } from '../../src/config.ts'
import type { Stores } from '../../src/core/stores.ts'
import { testSecret } from '../support/secrets.ts'
import { scratchFolder } from '../support/servers.ts'
import { createClock } from '../support/service.ts'

void test('making the features does no I/O', async (t) => {
  const folder = join(scratchFolder(t), 'data')
  mkdirSync(folder)
  const asked: string[] = []
  /** Stores that note every call and never answer. */
  const stores = new Proxy({} as Stores, {
    get: (_, store) =>
      new Proxy(() => {}, {
        get: (_, method) => () => {
          asked.push(`${String(store)}.${String(method)}`)
          return new Promise(() => {})
        },
        apply: () => {
          asked.push(String(store))
          return new Promise(() => {})
        },
      }),
  })
  const config = loadConfig({
    GATEHOUSE_DATA_DIR: folder,
    GATEHOUSE_SECRET: testSecret().toString('base64'),
    // Read by the mailer that a start makes: there is no such file.
    SMTP_URL: 'smtps://mail.example.test?sslrootcert=/absent/ca.pem',
  })
  const base = createBase({ config, stores, clock: createClock(), logger: pino({ level: 'silent' }) })
  const { features } = createFeatures(base, config)
  t.ok(features.length > 10, 'all of them')
  t.same(asked, [], 'no store was asked')
  t.same(readdirSync(folder), [], 'no file was made')
  await t.rejects(Promise.all(features.map(async (feature) => feature.start?.())), 'a start is what does')
  t.ok(asked.length > 0, 'and asks the stores')
  for (const feature of features.toReversed()) void feature.stop?.().catch(() => {})
})
