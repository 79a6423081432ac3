import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { basename } from 'node:path'
import { parseConfigFile } from '../config-file.ts'
import type { Audit } from '../core/audit.ts'
import type { Hosts } from '../features/forward-auth/settings.ts'

/** Looked at instead of listened to: editors, bind mounts and Kubernetes all replace files in ways that events miss. */
const intervalMilliseconds = 500
/** A file that is not replaced but rewritten is empty for a moment, and an empty file is a valid one that denies. */
const settleMilliseconds = 100

/**
 * Applies the access rules of gatehouse.yaml whenever the file changes, without dropping a request. A file with a fault is
 * refused as a whole, with every fault's line in the log, and the old rules stay. Returns the way to stop.
 */
export function watchRules(path: string, apply: (hosts: Hosts) => void, audit: Audit): () => void {
  const reread = () => {
    const faults: string[] = []
    let file: ReturnType<typeof parseConfigFile>
    try {
      file = parseConfigFile(readFileSync(path, 'utf8'), basename(path), faults)
    } catch (error) {
      faults.push(`${basename(path)}: cannot be read (${(error as NodeJS.ErrnoException).code})`)
    }
    if (file === undefined) {
      audit.record({ event: 'rules.refused', faults })
      return
    }
    apply(file.hosts)
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
