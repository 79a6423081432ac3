/**
 * Refresh rotation over HTTP on PostgreSQL, against its statement alone at the same concurrency; and what the statement
 * touches as the number of stored families grows.
 */
import { randomUUID } from 'node:crypto'
import { fillPlaceholders } from 'drizzle-orm'
import postgres from 'postgres'
import { hashSecret, randomSecret } from '../src/core/secrets.ts'
import { databaseAddressOf, openPostgresPool } from '../src/stores/sql/postgres.ts'
import { parametersOf, prepareRotation } from '../src/stores/sql/tokens/refresh-tokens.ts'
import { median, verdict } from './support/compare.ts'
import { start } from './support/contestant.ts'
import { load } from './support/load.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

/** Each of the statement's callers has a connection of its own, as pgbench's have; the service shares its ten. */
const connections = 64
const rounds = 9
const secondsARound = 1
const sizes = [10_000, Number(process.env['BENCH_FAMILIES'] ?? 5_000_000)]
const day = 86_400_000
/** What the service's own answers weigh when they are sealed. */
const replay = 'x'.repeat(1_500)

export async function refreshRotation(teardowns: Teardowns): Promise<void> {
  const stores = await startStores(teardowns, { durable: true })
  if (stores === undefined) return console.log('refresh: not run, PostgreSQL and Redis are not installed')
  const gatehouse = await start(teardowns, 'gatehouse', stores)
  const client = postgres(stores.databaseUrl, { max: 1, onnotice: () => {} })
  const pool = openPostgresPool(databaseAddressOf(stores.databaseUrl), { max: connections, answerMilliseconds: 12_000 })
  teardowns.teardown(() => Promise.all([client.end(), pool.close()]))
  // A table of a few rows would be read without its index, and rightly so.
  await client`insert into revocations (kind, id, at) select 'session', number, now() from generate_series(1, 10000) as number`
  const rotation = prepareRotation(pool.db)
  const [{ position: whileFeedStandsAt }] = await client<[{ position: number }]>`
    select coalesce(max(sequence), 0)::int as position from revocations`
  const parameters = (token: string, successor: string) => {
    const later = new Date(Date.now() + 30 * day)
    const expiries = { successorExpiresAt: later, sessionIdleExpiresAt: later }
    const hashes = { hash: hashSecret(token), successorHash: hashSecret(successor) }
    return parametersOf({ ...hashes, ...expiries, replay, at: new Date(), whileFeedStandsAt })
  }
  const held = new Map<number, string>()
  const overHttp = (base: number) => (connection: number, answer: string | undefined) => {
    const at = base + connection
    if (answer !== undefined) held.set(at, (JSON.parse(answer) as { refresh_token: string }).refresh_token)
    const token = held.get(at) ?? `seed-${at}`
    const body = `grant_type=refresh_token&client_id=gatehouse&refresh_token=${token}`
    return [
      'POST /oauth/token HTTP/1.1',
      'Host: gatehouse:3000',
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n')
  }
  /** The rate of the statement alone. */
  async function alone(base: number): Promise<number> {
    const startedAt = performance.now()
    const endsAt = startedAt + secondsARound * 1000
    let made = 0
    const drive = async (at: number) => {
      while (performance.now() < endsAt) {
        const successor = randomSecret()
        const rows = await rotation.execute(parameters(held.get(at) ?? `seed-${at}`, successor))
        if (rows.length !== 1) throw new Error('a rotation failed')
        held.set(at, successor)
        made += 1
      }
    }
    await Promise.all(Array.from({ length: connections }, (_, i) => drive(base + i)))
    return (made / (performance.now() - startedAt)) * 1000
  }

  const touched: number[] = []
  const rates: { http: number; alone: number }[] = []
  let stored = 0
  for (const size of sizes) {
    await storeFamilies(client, stored, size)
    stored = size
    const [base, second] = [size - 500, size - 400]
    const ratios: number[] = []
    const [http, bare]: [number[], number[]] = [[], []]
    for (let round = -1; round < rounds; round++) {
      const answers = { port: gatehouse.port, expected: 'HTTP/1.1 200', connections, seconds: secondsARound }
      const { requests, seconds } = await load({ ...answers, request: overHttp(base) })
      const rate = await alone(second)
      if (round < 0) continue
      http.push(requests / seconds)
      bare.push(rate)
      ratios.push(requests / seconds / rate)
    }
    rates.push({ http: median(http), alone: median(bare) })
    const plan = await explain(`seed-${size - 1}`)
    touched.push(plan.blocks)
    const of = `with ${size.toLocaleString('en')} families`
    console.log(
      `${of}: ${Math.round(median(http))} refreshes/s over HTTP, the statement alone ${Math.round(median(bare))}/s`,
    )
    console.log(`${of}: ${plan.blocks} blocks touched; ${plan.scans.join(', ')}`)
    verdict(`${of}, of the statement's rate`, median(ratios), '≥', 0.6)
    verdict(`${of}, tables read without an index`, plan.scans.filter((scan) => scan.startsWith('Seq')).length, '≤', 0)
  }
  verdict('blocks touched by one rotation, against those with 10,000 families', touched[1]! / touched[0]!, '≤', 1.3)
  verdict('refreshes/s, of those with 10,000 families', rates[1]!.http / rates[0]!.http, '≥', 0.8)
  verdict('rate of the statement, of that with 10,000 families', rates[1]!.alone / rates[0]!.alone, '≥', 0.8)

  async function explain(token: string): Promise<{ scans: string[]; blocks: number }> {
    const { sql: text, params } = rotation.getQuery()
    const filled = fillPlaceholders(params, parameters(token, randomSecret())) as string[]
    const [row] = await client.unsafe<[{ 'QUERY PLAN': [{ Plan: PlanNode }] }]>(
      `explain (analyze, buffers, format json) ${text}`,
      filled,
    )
    const scans: string[] = []
    const walk = (node: PlanNode): void => {
      if (node['Relation Name'] && node['Node Type'].includes('Scan')) {
        scans.push(`${node['Node Type']} of ${node['Relation Name']}`)
      }
      for (const child of node.Plans ?? []) walk(child)
    }
    const { Plan: plan } = row['QUERY PLAN'][0]
    walk(plan)
    return { scans, blocks: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'] }
  }
}

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: PlanNode[]
}

/** Families from number `from` on, each with a session and one usable token, `seed-<number>`, all of one person. */
async function storeFamilies(client: postgres.Sql, from: number, to: number): Promise<void> {
  const [user] = await client<[{ id: string }]>`select id from users limit 1`
  const step = 100_000
  for (let first = from; first < to; first += step) {
    const last = Math.min(first + step, to) - 1
    const prefix = randomUUID().slice(0, 24)
    const idOf = client`(${prefix} || lpad(to_hex(number), 12, '0'))::uuid`
    const hashOf = client`translate(rtrim(encode(sha256(convert_to('seed-' || number, 'utf8')), 'base64'), '='), '+/', '-_')`
    await client.begin(async (tx) => {
      await tx`create temporary table seeds on commit drop as
        select number, ${idOf} as id, ${hashOf} as hash from generate_series(${first}::int, ${last}::int) as number`
      await tx`insert into sessions (id, user_id, client_id, secret_hash, level, authenticated_at, last_seen_at,
          idle_expires_at, expires_at, ip, user_agent)
        select id, ${user.id}, 'gatehouse', 'secret-' || number, 'aal1', now(), now(), now() + interval '30 days',
          now() + interval '90 days', '203.0.113.7', 'bench' from seeds`
      await tx`insert into refresh_families (id, session_id, user_id, client_id, expires_at)
        select id, id, ${user.id}, 'gatehouse', now() + interval '90 days' from seeds`
      await tx`insert into refresh_tokens (hash, family_id, created_at, expires_at)
        select hash, id, now(), now() + interval '30 days' from seeds`
    })
  }
  await client.unsafe('vacuum analyze')
  // What was just stored would otherwise be written to the disk while the rounds run.
  await client.unsafe('checkpoint')
}
