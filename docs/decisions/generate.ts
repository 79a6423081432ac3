/**
 * Writes the list in README.md from the decisions of this folder; with `--check` fails when it differs. Each decision begins
 * with its number, status and date.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const head = /^# (\d+)\. (.+)\n\n- Status: (accepted|superseded by \d+)\n- Date: (\d{4}-\d\d-\d\d)\n\n/
const expected =
  '"# <number>. <title>", "- Status: accepted" or "superseded by <number>", and "- Date: <year-month-day>"'

const faults: string[] = []
const files = readdirSync(new URL('.', import.meta.url)).filter((name) => /^\d{4}-[a-z0-9-]+\.md$/.test(name))
const rows = files.toSorted().map((name, index) => {
  const [, number, title, status, date] = head.exec(readFileSync(new URL(name, import.meta.url), 'utf8')) ?? []
  if (number === undefined) faults.push(`${name}: expected at its top ${expected}`)
  else if (Number(number) !== index + 1 || Number(name.slice(0, 4)) !== index + 1) {
    faults.push(`${name}: expected number ${index + 1} in name and title, the next one of the folder`)
  }
  return `| ${number} | [${title}](${name}) | ${status} | ${date} |`
})

const readme = new URL('README.md', import.meta.url)
const before = readFileSync(readme, 'utf8')
const table = ['| | decision | status | date |', '| --- | --- | --- | --- |', ...rows].join('\n')
const after = `${before.slice(0, before.indexOf('\n|') + 1)}${table}\n`
if (faults.length === 0 && process.argv.includes('--check')) {
  if (before !== after)
    faults.push('docs/decisions/README.md differs from the decisions: run "npm run docs" and commit it')
} else if (faults.length === 0) writeFileSync(readme, after)
for (const fault of faults) process.stderr.write(`${fault}\n`)
if (faults.length > 0) process.exitCode = 1
