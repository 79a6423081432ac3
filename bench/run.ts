/** `npm run bench` runs every bench, `npm run bench -- rules nginx` those that are named. */
import { benches } from './benches.ts'
import { Teardowns } from './support/teardowns.ts'

const names = process.argv.slice(2)
const unknown = names.find((name) => !(name in benches))
if (unknown !== undefined) {
  process.stderr.write(`no such bench: ${unknown}; there are ${Object.keys(benches).join(', ')}\n`)
  process.exit(2)
}
for (const [name, bench] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue
  const teardowns = new Teardowns()
  try {
    await bench(teardowns)
  } finally {
    await teardowns.run()
  }
}
