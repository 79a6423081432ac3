import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type FileContent, parseConfigFile, type ReadConfigFile } from '../config-file.ts'
import type { Audit } from '../core/audit.ts'
import type { forwardAuthEvents } from '../features/forward-auth/index.ts'
import { SetupError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'

/** Read instead of listened to: editors, bind mounts and Kubernetes all replace files in ways that events miss. */
const intervalMilliseconds = 500
/** How long a changed file must stay as it is: one that is rewritten in place is empty or cut short for a moment. */
const settleMilliseconds = 200

/** `settling`: the file changed, and is judged when the next look finds the same content. */
export type Look = 'unchanged' | 'settling' | 'applied' | 'refused'

/**
 * Looks at gatehouse.yaml once: its content is compared with what was judged last, at first with what the service started
 * with, so that no change can fall between two looks however the file was replaced. Rules of a sound file are applied; a
 * file with a fault is refused as a whole, with every fault's line in the log, and the old rules stay.
 */
export function createRulesLook(dependencies: {
  path: string
  issuer: string
  cookieDomain?: string | undefined
  startedWith: FileContent
  /** Puts a sound file into force, or throws a `SetupError` that says why it cannot be. */
  apply: (read: Extract<ReadConfigFile, { kind: 'read' }>) => Promise<void>
  audit: Audit<typeof forwardAuthEvents>
  log: Pick<Log, 'warn'>
}): () => Promise<Look> {
  const { path, issuer, cookieDomain, startedWith, apply, audit, log } = dependencies
  const name = basename(path)
  let judged = startedWith
  let seen = startedWith

  return async () => {
    const content = await contentOf(path)
    if (content === undefined || isSame(content, judged)) return 'unchanged'
    if (!isSame(content, seen)) {
      seen = content
      return 'settling'
    }
    const read: ReadConfigFile =
      'text' in content
        ? parseConfigFile(content.text, name, issuer, cookieDomain)
        : { kind: 'faulty', faults: [`${name}: cannot be read (${content.unreadable})`] }
    const faults = read.kind === 'faulty' ? read.faults : await apply(read).then(() => [], faultsOf(name))
    judged = content
    if (read.kind === 'faulty' || faults.length > 0) {
      audit.record({ event: 'rules.refused', faults })
      return 'refused'
    }
    audit.record({ event: 'rules.replaced' })
    warnOf(read.warnings, log)
    return 'applied'
  }
}

/** What the stores have against a file, as its faults. Anything else is thrown again, and the file judged anew. */
function faultsOf(name: string) {
  return (error: unknown): string[] => {
    if (error instanceof SetupError) return error.message.split('\n').map((line) => `${name}: ${line}`)
    throw error
  }
}

/** One log line for each thing in the file that will not have been meant. */
export function warnOf(warnings: readonly string[], log: Pick<Log, 'warn'>): void {
  for (const warning of warnings) log.warn({ event: 'config.doubtful' }, warning)
}

/** Looks twice a second, without keeping the process alive. Returns the way to stop, after the look that is under way. */
export function watchRules(look: () => Promise<Look>, log: Log): () => Promise<void> {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let underWay: Promise<void>
  const next = async () => {
    const result = await look().catch((error: unknown) => {
      log.error({ event: 'rules.look_failed', err: error }, 'gatehouse.yaml could not be judged: the old rules stay')
    })
    if (stopped) return
    timer = setTimeout(start, result === 'settling' ? settleMilliseconds : intervalMilliseconds).unref()
  }
  const start = () => void (underWay = next())
  start()
  return () => {
    stopped = true
    clearTimeout(timer)
    return underWay
  }
}

/** Nothing for what can be read only once, such as a pipe: it cannot change. */
async function contentOf(path: string): Promise<FileContent | undefined> {
  try {
    const found = await stat(path)
    if (found.isFIFO() || found.isCharacterDevice() || found.isSocket()) return undefined
    return { text: await readFile(path, 'utf8') }
  } catch (error) {
    return { unreadable: (error as NodeJS.ErrnoException).code ?? 'unknown' }
  }
}

function isSame(one: FileContent, other: FileContent): boolean {
  return 'text' in one
    ? 'text' in other && one.text === other.text
    : !('text' in other) && one.unreadable === other.unreadable
}
