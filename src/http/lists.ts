/** Lists of administration, page by page: all are asked and answered alike. */
import { type TSchema, Type } from '../json-schema.ts'
import { Nullable } from './schema.ts'

const mostOfPage = 1_000

const Cursor = Type.String({ format: 'cursor' })

/** What a list is asked for. `cursor`: of lists whose rows go by something else than an id. */
export const pageAsked = <Key extends TSchema = typeof Cursor>(cursor?: Key) => ({
  cursor: Type.Optional({
    ...((cursor ?? Cursor) as Key),
    description: 'The `next_cursor` of the page before.',
  }),
  limit: Type.Integer({ minimum: 1, maximum: mostOfPage, default: 50 }),
})

/** A page as it is answered. `said`: in which order its items are. */
export const PageOf = <Item extends TSchema>(item: Item, said: { description: string; examples?: unknown[] }) =>
  Type.Object(
    {
      items: Type.Array(item),
      next_cursor: Nullable(
        Type.String({ description: 'What `cursor` asks for the next page; null where there is none.' }),
      ),
    },
    {
      description: said.description,
      ...(said.examples && { examples: [{ items: said.examples, next_cursor: null }] }),
    },
  )

export interface AskedPage {
  cursor?: string | undefined
  limit: number
}
export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

/**
 * One page of a list. `read` resolves to at most so many rows behind that of the cursor, or from the beginning, whether or not that one
 * is still there.
 */
export async function pageOf<Row extends { id: string }, Item>(
  { cursor, limit }: AskedPage,
  read: (cursor: string | undefined, limit: number) => Promise<Row[]>,
  show: (row: Row) => Item,
): Promise<Page<Item>> {
  const rows = await read(cursor, limit + 1)
  const shown = rows.slice(0, limit)
  return { items: shown.map((row) => show(row)), next_cursor: rows.length > limit ? shown.at(-1)!.id : null }
}
