import { type Config, loadConfig } from '../config.ts'
import { request } from '../http/node-http.ts'
import type { Page } from '../http/lists.ts'
import type { ShownProblem } from '../http/schema.ts'
import { CommandError } from './command.ts'
import { controlSocketPath, holdDataDirectory, isSocketAlive } from './data-directory.ts'
import { createLogger, systemClock } from './process.ts'

interface Answer {
  status: number
  body: string
}
type Ask = (method: string, path: string, body?: object) => Promise<Answer>

/** Asks the service for an operator's task and returns the answer; throws a `CommandError` that says why not. */
export type Operator = <Answer extends object>(method: string, path: string, body?: object) => Promise<Answer>

/**
 * The path of a task that is about named things: each name is one segment of it, whatever the name holds. Throws a
 * `CommandError` for `.` and `..`, which nothing is called: whoever reads the path would fold them away, and see another task.
 */
export function pathOf(...segments: string[]): string {
  if (segments.some((segment) => /^\.\.?$/.test(segment))) throw new CommandError('there is nothing named "." or ".."')
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join('')
}

/** All items of a list of the service, page by page. `asked`: which of them. */
export async function everyItem<Item>(
  operator: Operator,
  path: string,
  asked: Record<string, string | undefined> = {},
): Promise<Item[]> {
  const items: Item[] = []
  const wanted = Object.entries(asked).filter((one): one is [string, string] => one[1] !== undefined)
  for (let cursor: string | null | undefined; cursor !== null;) {
    const query = new URLSearchParams({ ...Object.fromEntries(wanted), limit: '1000', ...(cursor && { cursor }) })
    const page: Page<Item> = await operator('GET', `${path}?${query.toString()}`)
    items.push(...page.items)
    cursor = page.next_cursor
  }
  return items
}

/** The way to the embedded service that runs on the data directory; nothing when none does. */
export async function runningService(config: Config): Promise<Operator | undefined> {
  if (config.databaseUrl !== undefined) return undefined
  const path = controlSocketPath(config.dataDirectory)
  return (await isSocketAlive(path)) ? operatorOf(askSocket(path)) : undefined
}

/**
 * Runs an operator's task: through the control socket while an embedded service runs on the data directory, otherwise
 * inside this process, on stores that it opens itself. Both ask the same routes.
 */
export async function withOperator<T>(task: (operator: Operator) => Promise<T>): Promise<T> {
  const config = loadConfig(process.env)
  const embedded = config.databaseUrl === undefined
  const running = await runningService(config)
  if (running !== undefined) return task(running)
  const held = embedded ? await holdDataDirectory(config.dataDirectory) : undefined
  if (embedded && held === undefined) throw isStarting()
  // The whole service is loaded only where a command has to do its work.
  const [{ createBase }, { buildControl }, { openStores }] = await Promise.all([
    import('../base.ts'),
    import('../gatehouse.ts'),
    import('../stores/open.ts'),
  ])
  try {
    const logger = createLogger('error')
    // Commands count nothing: what an operator takes away waits for SQL alone.
    const stores = await openStores({ ...config, redisUrl: undefined }, systemClock, logger)
    try {
      const base = createBase({ config, stores, clock: systemClock, logger })
      const control = buildControl(base, config)
      try {
        return await task(
          operatorOf(async (method, path, body) => {
            const reply = await control.inject({ method, url: path, ...(body && { payload: body }) })
            return { status: reply.statusCode, body: reply.body }
          }),
        )
      } finally {
        await control.close()
        await base.audit.close()
      }
    } finally {
      await stores.close()
    }
  } finally {
    await held?.release()
  }
}

/** It holds the directory, with its socket, before it can do anything. */
function isStarting(): CommandError {
  return new CommandError('the service on this data directory is starting; try again')
}

/** The routes' own schemas say what they answer; each caller names the type that follows from the one that it asks. */
function operatorOf(ask: Ask): Operator {
  return async <Answer extends object>(method: string, path: string, body?: object) => {
    const answer = await ask(method, path, body)
    if (answer.status < 400) return JSON.parse(answer.body) as Answer
    if (answer.status === 503 && answer.body === '') throw isStarting()
    const problem = JSON.parse(answer.body || '{}') as Partial<ShownProblem>
    const fields = problem.errors?.map(
      ({ path, message }) => `${path.replace(/^\/(body|params|querystring)\//, '')} ${message}`,
    )
    throw new CommandError(
      fields?.join('; ') ?? problem.detail ?? problem.title ?? `the service answered ${answer.status}`,
    )
  }
}

function askSocket(socketPath: string): Ask {
  return (method, path, body) =>
    new Promise((done, fail) => {
      const payload = body === undefined ? '' : JSON.stringify(body)
      const headers = {
        'content-length': Buffer.byteLength(payload),
        ...(body && { 'content-type': 'application/json' }),
      }
      request({ socketPath, method, path, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => done({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
      })
        .on('error', fail)
        .end(payload)
    })
}
