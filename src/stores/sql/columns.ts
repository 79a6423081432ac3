/** Columns that tables of every area have. */
import { sql, text, timestamp } from './drizzle.ts'

export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

export const list = (name: string) =>
  text(name)
    .array()
    .notNull()
    .default(sql`'{}'`)
