import { mkdir, readdir } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { loadPglite, type PGlite } from './drizzle.ts'

/** PGlite clears all of them at its start, so that each counts as resident; what they do not hold the system's page cache does. */
const sharedBuffers = '32MB'

/**
 * Opens PGlite in a directory, or in memory, in as little memory as it needs. A new directory gets `snapshot`,
 * or else an empty cluster.
 */
export async function startPglite(directory: string | undefined, snapshot?: Blob): Promise<PGlite> {
  keepBaselineCode()
  const { PGlite } = loadPglite()
  if (directory !== undefined) await mkdir(directory, { recursive: true, mode: 0o700 })
  const isNew = directory === undefined || (await readdir(directory)).length === 0
  const content = snapshot ?? (isNew ? await emptyCluster() : undefined)
  return PGlite.create(directory ?? 'memory://', {
    startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${sharedBuffers}`],
    ...(content && { loadDataDir: content }),
  })
}

/**
 * Keeps V8 from optimising WebAssembly: for one function of PostgreSQL alone it takes 600 MiB and more than a second of
 * processor time, soon after the start.
 */
function keepBaselineCode(): void {
  setFlagsFromString('--no-wasm-tier-up')
  setFlagsFromString('--no-wasm-dynamic-tiering')
}

/** A cluster that was initialised beforehand: unpacking it takes a fraction of the time that `initdb` takes. */
async function emptyCluster(): Promise<Blob> {
  const { dataDir } = await import('@electric-sql/pglite-prepopulatedfs')
  return dataDir()
}

export type { PGlite } from './drizzle.ts'
