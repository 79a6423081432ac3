import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { basename } from 'node:path'
import { parseConfigFile } from '../config-file.ts'
import type { Audit } from '../core/audit.ts'
import type { AccessRules } from '../features/forward-auth/access-rules.ts'

/** Looked at instead of listened to: editors, bind mounts and Kubernetes all replace files in ways that events miss. */
const intervalMilliseconds = 500
/** A file that is not replaced but rewritten is empty for a moment, and an empty file is a valid one that denies. */
const settleMilliseconds = 100

/**
 * Applies the access rules of gatehouse.yaml whenever the file changes, without dropping a request. A file with a fault is
 * refused as a whole, with every fault's line in the log, and the old rules stay. Returns the way to stop.
 */
export function watchRules(path: string, apply: (rules: AccessRules) => void, audit: Audit): () => void {
  const reread = () => {
    const name = basename(path)
    let read: ReturnType<typeof parseConfigFile>
    try {
      read = parseConfigFile(readFileSync(path, 'utf8'), name)
    } catch (error) {
      read = { kind: 'faulty', faults: [`${name}: cannot be read (${(error as NodeJS.ErrnoException).code})`] }
    }
    if (read.kind === 'faulty') {
      audit.record({ event: 'rules.refused', faults: read.faults })
      return
    }
    apply(read.accessRules)
    audit.record({ event: 'rules.replaced' })
  }
  let timer: NodeJS.Timeout | undefined
  const changed = () => {
    clearTimeout(timer)
    timer = setTimeout(reread, settleMilliseconds)
  }
  watchFile(path, { interval: intervalMilliseconds, persistent: false }, changed)
  return () => {
    clearTimeout(timer)
    unwatchFile(path, changed)
  }
}
