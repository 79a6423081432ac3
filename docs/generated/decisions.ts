import { readdirSync, readFileSync } from 'node:fs'
import { table } from './table.ts'

const folder = new URL('../decisions/', import.meta.url)
const head = /^# (\d+)\. (.+)\n\n- Status: (accepted|superseded by \d+)\n- Date: (\d{4}-\d\d-\d\d)\n\n/
const expected =
  '"# <number>. <title>", "- Status: accepted" or "superseded by <number>", and "- Date: <year-month-day>"'

/** The decisions by their number, with what each says of itself at its top. */
export function decisions(): string {
  const files = readdirSync(folder).filter((name) => /^\d{4}-[a-z0-9-]+\.md$/.test(name))
  const rows = files.toSorted().map((name, index) => {
    const [, number, title, status, date] = head.exec(readFileSync(new URL(name, folder), 'utf8')) ?? []
    if (number === undefined) throw new Error(`docs/decisions/${name}: expected at its top ${expected}`)
    if (Number(number) !== index + 1 || Number(name.slice(0, 4)) !== index + 1) {
      throw new Error(
        `docs/decisions/${name}: expected number ${index + 1} in name and title, the next one of the folder`,
      )
    }
    return [number, `[${title}](${name})`, status!, date!]
  })
  return table(['', 'decision', 'status', 'date'], rows)
}
