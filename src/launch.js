#!/usr/bin/env node
// Plain JavaScript that any Node.js can read, so that one that is too old is told so instead of failing on the first
// line that it does not understand.
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [needed, own] = [engines.node, process.versions.node].map((version) => version.match(/\d+/g).map(Number))

if (own[0] > needed[0] || (own[0] === needed[0] && own[1] >= needed[1])) {
  await import('./main.ts')
} else {
  process.stderr.write(
    `gatehouse: Node.js ${needed.join('.')} or newer is needed; this is ${process.version}. ` +
      'In a checkout npm ci brings one along, unless it was told --ignore-scripts or --omit=dev.\n',
  )
  process.exitCode = 1
}
