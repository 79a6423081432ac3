#!/usr/bin/env node
// Plain JavaScript that any Node.js can read, so that one that is too old is told so instead of failing on the first
// line that it does not understand.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [needed, own] = [engines.node, process.versions.node].map((version) => version.match(/\d+/g).map(Number))

if (own[0] > needed[0] || (own[0] === needed[0] && own[1] >= needed[1])) {
  // Compiled code is kept beside the code that it was compiled from, where whoever can write can do anything anyway. Where
  // the folder cannot be written to, as in the image, nothing is kept.
  const { enableCompileCache } = await import('node:module')
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/gatehouse', import.meta.url)))
  await import('./main.ts')
} else {
  process.stderr.write(
    `gatehouse: Node.js ${needed.join('.')} or newer is needed; this is ${process.version}. ` +
      'In a checkout npm ci brings one along, unless it was told --ignore-scripts or --omit=dev.\n',
  )
  process.exitCode = 1
}
