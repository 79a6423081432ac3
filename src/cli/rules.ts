import { readFileSync } from 'node:fs'
import { parseConfigFile } from '../config-file.ts'
import { command, CommandError, group, print, required, text } from './command.ts'
import { withOperator } from './operator.ts'
import { tell } from './terminal.ts'

/** Access rules: `rules check|explain`. */
export const rules = group({
  check: command({
    summary: 'read the file that GATEHOUSE_CONFIG names and say everything that is wrong with it',
    example: 'rules check',
    async run({ json }) {
      const path = process.env['GATEHOUSE_CONFIG'] || 'gatehouse.yaml'
      const read = parseConfigFile(readText(path), path)
      if (read.kind === 'faulty') throw new CommandError(read.faults.join('\n'))
      for (const warning of read.warnings) process.stderr.write(`warning: ${warning}\n`)
      print(
        Object.entries(read.file.hosts).map(([host, { rules }]) => ({ host, rules: rules.length })),
        json,
      )
    },
  }),
  explain: command({
    summary: 'say who would pass with a request that nobody sent, and which rule decides',
    options: {
      method: text('METHOD', 'GET unless said otherwise'),
      url: required('URL', 'what the browser would ask for'),
      user: text('ID_OR_EMAIL', 'as this person'),
      client: text('ID', 'as this program'),
      roles: text('ROLE,ROLE', 'as somebody with these roles'),
      permissions: text('PERMISSION,…', 'as somebody with these permissions'),
      scopes: text('SCOPE,…', 'with a token of these scopes'),
      level: text('LEVEL', 'signed in at this level: aal1 or aal2'),
      address: text('ADDRESS', 'from this network address'),
      'preflight-for': text('METHOD', 'as a CORS preflight for this method'),
    },
    example: 'rules explain --url https://app.example.com/admin/ --roles editor',
    async run({ json, roles, permissions, scopes, 'preflight-for': preflightFor, ...plain }) {
      const body = {
        ...plain,
        ...(preflightFor !== undefined && { preflight_for: preflightFor }),
        ...listOf({ roles, permissions, scopes }),
      }
      const explanation = await withOperator((operator) => operator('POST', '/access/explain', body))
      if (json) print(explanation, true)
      else tell(render(explanation as Explained))
    },
  }),
})

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** Comma-separated lists; those that were not given are left out. */
function listOf(texts: Record<string, string | undefined>): Record<string, string[]> {
  const given = Object.entries(texts).flatMap(([name, list]) => (list === undefined ? [] : [[name, list] as const]))
  return Object.fromEntries(given.map(([name, list]) => [name, list.split(',').filter((entry) => entry !== '')]))
}

interface Explained {
  decision: string
  reason: string
  host?: string
  rule?: { number: number; line?: number; allow: unknown }
  earlier: { number: number; line?: number; mismatch: string }[]
  headers?: Record<string, string>
  assertion?: object
}

function render({ decision, reason, host, rule, earlier, headers, assertion }: Explained): string {
  const name = ({ number, line }: { number: number; line?: number }) =>
    `rule ${number}${line === undefined ? '' : ` (line ${line})`}`
  const lines = [`${decision}: ${reason}`]
  if (host !== undefined) lines.push(`host ${host}`)
  for (const rule of earlier) lines.push(`  ${name(rule)} does not apply: ${rule.mismatch}`)
  if (rule !== undefined) lines.push(`  ${name(rule)} decides: allow ${JSON.stringify(rule.allow)}`)
  if (headers !== undefined) lines.push('headers for the upstream')
  for (const [header, value] of Object.entries(headers ?? {})) lines.push(`  ${header}: ${value}`.trimEnd())
  if (assertion !== undefined) lines.push('claims of the assertion')
  for (const [claim, value] of Object.entries(assertion ?? {})) lines.push(`  ${claim}: ${JSON.stringify(value)}`)
  return `${lines.join('\n')}\n`
}
