/** A line of CODEOWNERS whose room has moved owns nothing, and nobody is told. */
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'tap'

void test('every line of CODEOWNERS names what is there, and teams', async (t) => {
  const text = readFileSync(new URL('../.github/CODEOWNERS', import.meta.url), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  t.ok(lines.length > 0)
  for (const [path = '', ...owners] of lines.map((line) => line.split(/ +/))) {
    t.ok(path === '*' || existsSync(new URL(`..${path}`, import.meta.url)), `${path} is there`)
    t.ok(owners.length > 0 && owners.every((owner) => /^@gatehouse\/[a-z]+$/.test(owner)), `${path} has owners`)
  }
})
