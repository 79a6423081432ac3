/**
 * Gives Node.js another text in the place of a module. Loaded by `--import` in NODE_OPTIONS, which child processes get too; the
 * `url` of the module and the file that holds its text `instead` stand in the query of this file's own URL.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const { url: mutated, instead } = Object.fromEntries(new URL(import.meta.url).searchParams)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    // In the format that Node.js has found, by which it strips types afterwards.
    return url.split('?', 1)[0] === mutated ? { ...loaded, source: readFileSync(instead!, 'utf8') } : loaded
  },
})
