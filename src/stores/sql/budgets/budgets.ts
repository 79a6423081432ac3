import { type Budget, type Budgets, longestUsedUp, slicingOf, type UsedUp } from '../../../core/budgets.ts'
import type { Clock } from '../../../core/clock.ts'
import { type Database, rowsOf, type Transaction } from '../database.ts'
import { inArray, type SQL, sql } from '../drizzle.ts'
import { budgets as table } from './tables.ts'

/** Undoes what was taken out of the other budgets. */
class Refused extends Error {
  readonly usedUp: UsedUp
  constructor(usedUp: UsedUp) {
    super('a budget is used up')
    this.usedUp = usedUp
  }
}

/** Budgets of a service that runs alone, which a restart finds as they were. */
export function createBudgetStore(db: Database, clock: Clock): Budgets {
  async function longest(on: Database | Transaction, asked: readonly Budget[], now: number) {
    const keys = asked.map(({ key }) => key)
    const rows = await on.select().from(table).where(inArray(table.key, keys))
    const slices = new Map(rows.map((row) => [row.key, row.slices]))
    return longestUsedUp(
      asked,
      keys.map((key) => slices.get(key)),
      now,
    )
  }

  return {
    async spend(asked) {
      const at = clock.now()
      if (asked.length === 0) return { kind: 'spent' }
      try {
        return await db.transaction(async (tx) => {
          // In the order in which they are given: of two that take from the same, none waits for the other's.
          const taken = await rowsOf<{ key: string }>(
            tx,
            sql`
            with asked(place, key, most, slice, gone, lasts) as (${valuesOf(asked, at)})
            insert into budgets as held (key, slices, expires_at)
            select key, jsonb_build_object(slice, 1), ${instantOf(at)} + lasts * interval '1 millisecond'
              from asked order by place
            on conflict (key) do update set
              slices = (
                select coalesce(jsonb_object_agg(kept.key, kept.value) filter (where kept.key is not null), '{}') ||
                  jsonb_build_object(asked.slice, coalesce((held.slices ->> asked.slice)::int, 0) + 1)
                from asked left join jsonb_each(held.slices) as kept on kept.key::bigint > asked.gone
                where asked.key = held.key group by asked.slice),
              expires_at = excluded.expires_at
            where (
              select coalesce(sum(kept.value::int), 0) < asked.most
              from asked left join jsonb_each_text(held.slices) as kept on kept.key::bigint > asked.gone
              where asked.key = held.key group by asked.most)
            returning key`,
          )
          if (taken.length === asked.length) return { kind: 'spent' } as const
          const names = new Set(taken.map(({ key }) => key))
          const refused = asked.filter(({ key }) => !names.has(key))
          throw new Refused((await longest(tx, refused, at))!)
        })
      } catch (error) {
        if (error instanceof Refused) return error.usedUp
        throw error
      }
    },
    async forgive(asked) {
      await db.execute(sql`
        with asked(place, key, most, slice, gone, lasts) as (${valuesOf(asked, clock.now())}), held as (
          select budgets.key, slices, place from budgets join asked on asked.key = budgets.key
          order by place for update of budgets
        ), own as (
          select taken.key as slice, taken.value::int as count
          from held, jsonb_each_text(slices) as taken where place = 0
        )
        update budgets set slices = (
          select coalesce(jsonb_object_agg(taken.key, taken.value::int - coalesce(count, 0))
            filter (where taken.value::int > coalesce(count, 0)), '{}')
          from jsonb_each_text(budgets.slices) as taken left join own on slice = taken.key)
        from held where held.key = budgets.key`)
    },
    look: (asked) => longest(db, asked, clock.now()),
  }
}

function valuesOf(budgets: readonly Budget[], now: number): SQL {
  const rows = budgets.map((budget, place) => {
    const { slice, gone, lasts } = slicingOf(budget, now)
    return sql`(${place}::int, ${budget.key}::text, ${budget.most}::int, ${String(slice)}::text, ${gone}::bigint, ${lasts}::bigint)`
  })
  return sql`values ${sql.join(rows, sql`, `)}`
}

const instantOf = (at: number): SQL => sql`${new Date(at).toISOString()}::timestamptz`
