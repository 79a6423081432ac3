import type { Database } from './database.ts'
import { loadPostgres, type Sql } from './drizzle.ts'

/** What asks a client something. `mayPrepare`: whether the server will know a statement again by its name. */
export type Statement<T> = (client: Sql, mayPrepare: boolean) => PromiseLike<T>
/** `text`: what is asked, so far as it tells what it does. */
type Ask = <T>(statement: Statement<T>, text: string) => Promise<T>

/** What a transaction keeps to from its beginning to its end. */
interface Line {
  /** Begins a transaction. */
  readonly beginning: string
  readonly isLost: boolean
  inTransaction: boolean
}

/** All that Drizzle needs of the library's client. */
export class Driver {
  /** Where Drizzle says how values are read and written. */
  readonly options: object
  readonly #ask: Ask
  readonly #line: Line | undefined

  constructor(ask: Ask, line?: Line, options: object = { parsers: {}, serializers: {} }) {
    this.#ask = ask
    this.#line = line
    this.options = options
  }

  open(): Database {
    return loadPostgres().drizzle(this as never)
  }

  /** The rows as objects; as lists when `values` is called on the answer at once. */
  unsafe(text: string, parameters: unknown[] = [], options: { prepare?: boolean } = {}) {
    let asLists = false
    const statement = (client: Sql, mayPrepare: boolean): PromiseLike<unknown> => {
      const prepare = mayPrepare && options.prepare === true
      const query = client.unsafe(text, parameters as never, { ...options, prepare })
      return asLists ? query.values() : query
    }
    const answer = Promise.resolve().then(() => this.#ask(statement, text))
    return Object.assign(answer, {
      values() {
        asLists = true
        return answer
      },
    })
  }

  /** A transaction. The library's own goes on when its connection is gone, on another one or on none. */
  async begin<T>(task: (driver: Driver) => Promise<T>): Promise<T> {
    const line = this.#line!
    await this.unsafe(line.beginning)
    line.inTransaction = true
    try {
      const outcome = await task(this)
      await this.unsafe('commit')
      line.inTransaction = false
      return outcome
    } catch (error) {
      if (!line.isLost) {
        // What cannot be rolled back ends with its connection.
        await this.unsafe('rollback').then(
          () => (line.inTransaction = false),
          () => {},
        )
      }
      throw error
    }
  }
}
