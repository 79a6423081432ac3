import { readFileSync } from 'node:fs'
import { parseConfigFile } from '../config-file.ts'
import { readCookieDomain } from '../cookie-domain.ts'
import { diffRules, type HostDiff, type Side } from '../features/forward-auth/rules-diff.ts'
import { command, CommandError, group, print, required, text, UsageError } from './command.ts'
import type { ShownExplanation } from '../features/forward-auth/index.ts'
import { withOperator } from './operator.ts'
import { tell } from './terminal.ts'

/** Access rules: `rules check|diff|explain`. */
export const rules = group({
  check: command({
    summary: 'read the file that GATEHOUSE_CONFIG names and say everything that is wrong with it',
    example: 'rules check',
    async run({ json }) {
      const path = process.env['GATEHOUSE_CONFIG'] || 'gatehouse.yaml'
      const { GATEHOUSE_ISSUER: issuer = '', GATEHOUSE_COOKIE_DOMAIN: domain = '' } = process.env
      const isKnown = URL.canParse(issuer)
      const cookies = isKnown && domain !== '' ? readCookieDomain(domain, issuer) : undefined
      const cookieDomain = cookies && 'domain' in cookies ? cookies.domain : undefined
      const read = parseConfigFile(readText(path), path, isKnown ? issuer : undefined, cookieDomain)
      if (read.kind === 'faulty') throw new CommandError(read.faults.join('\n'))
      for (const warning of read.warnings) process.stderr.write(`warning: ${warning}\n`)
      print(
        Object.entries(read.file.hosts).map(([host, { rules, expect = [] }]) => ({
          host,
          rules: rules.length,
          expectations: expect.length,
        })),
        json,
      )
    },
  }),
  diff: command({
    summary: 'say for whom what changes between two files; exit code 0: nothing, 1: something, 2: it cannot be told',
    arguments: ['old', 'new'],
    example: 'rules diff gatehouse.yaml next.yaml',
    async run({ json }, old, next) {
      const diff = diffRules(sideOf(old), sideOf(next))
      if (json) print(diff, true)
      else process.stdout.write(renderDiff(diff))
      const isTold = diff.every(({ complete }) => complete)
      process.exitCode = diff.some(({ settings, requests }) => settings.length + requests.length > 0)
        ? 1
        : isTold
          ? 0
          : 2
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
      groups: text('GROUP,GROUP', 'as somebody in these groups'),
      permissions: text('PERMISSION,…', 'as somebody with these permissions'),
      scopes: text('SCOPE,…', 'with a token of these scopes'),
      level: text('LEVEL', 'signed in at this level: aal1 or aal2'),
      address: text('ADDRESS', 'from this network address'),
      'preflight-for': text('METHOD', 'as a CORS preflight for this method'),
    },
    example: 'rules explain --url https://app.example.com/admin/ --roles editor',
    async run({ json, roles, groups, permissions, scopes, 'preflight-for': preflightFor, ...plain }) {
      const body = {
        ...plain,
        ...(preflightFor !== undefined && { preflight_for: preflightFor }),
        ...listOf({ roles, groups, permissions, scopes }),
      }
      const explanation = await withOperator((operator) => operator<ShownExplanation>('POST', '/access/explain', body))
      if (json) print(explanation, true)
      else tell(render(explanation))
    },
  }),
})

/** A file to compare. As with diff(1), one that cannot be read or is not sound is another outcome than a difference. */
function sideOf(path: string): Side {
  let read: ReturnType<typeof parseConfigFile>
  try {
    read = path === '-' ? parseConfigFile(readFileSync(0, 'utf8'), '(stdin)') : parseConfigFile(readText(path), path)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  if (read.kind === 'faulty') throw new UsageError(read.faults.join('\n'))
  return { hosts: read.file.hosts, rules: read.accessRules, roles: read.file.roles }
}

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

function renderDiff(diff: readonly HostDiff[]): string {
  const place = (rule: { number: number; line?: number } | undefined) =>
    rule === undefined ? 'no rule' : ruleName(rule)
  const said = (value: unknown) => (value === undefined ? 'none' : JSON.stringify(value))
  const titles = { before: ' is no longer listed', after: ' is listed now', both: '' }
  const blocks = diff.map(({ host, listed, settings, requests, complete }) => {
    const lines = [`${host}${titles[listed]}`]
    for (const { setting, before, after } of settings) lines.push(`  ${setting}: ${said(before)} → ${said(after)}`)
    for (const { before, after, example, changes } of requests) {
      const { method, url, address, preflight_for: preflightFor } = example
      lines.push(`  ${place(before)} → ${place(after)}`)
      const asked = preflightFor === undefined ? `${method} ${url}` : `preflight of ${preflightFor} ${url}`
      lines.push(`    ${asked}${address === undefined ? '' : ` from ${address}`}`)
      for (const { who, unless, before: was, after: is } of changes) {
        lines.push(`      ${was} → ${is}: ${who}${unless.length === 0 ? '' : `; unless ${unless.join(' or ')}`}`)
      }
    }
    if (!complete) lines.push('  The paths overlap in too many ways: there may be more than this.')
    return `${lines.join('\n')}\n`
  })
  return blocks.length === 0 ? 'Nothing changes for anybody.\n' : blocks.join('\n')
}

function ruleName({ number, line }: { number: number; line?: number }): string {
  return `rule ${number}${line === undefined ? '' : ` (line ${line})`}`
}

function render({ decision, reason, host, rule, earlier, headers, assertion, ...paths }: ShownExplanation): string {
  const lines = [`${decision}: ${reason}`]
  const listed = (segments: string[]) => segments.map((segment) => JSON.stringify(segment)).join(', ')
  if (host !== undefined) lines.push(`host ${host}`)
  if (paths.segments !== undefined) lines.push(`segments of the path: ${listed(paths.segments)}`)
  if (paths.other_reading !== undefined) {
    const { segments, allow, ...other } = paths.other_reading
    lines.push(`decoded again: ${listed(segments)}, so ${ruleName(other)} is held too: allow ${JSON.stringify(allow)}`)
  }
  for (const rule of earlier) lines.push(`  ${ruleName(rule)} does not apply: ${rule.mismatch}`)
  if (rule !== undefined) lines.push(`  ${ruleName(rule)} decides: allow ${JSON.stringify(rule.allow)}`)
  if (headers !== undefined) lines.push('headers for the upstream')
  for (const [header, value] of Object.entries(headers ?? {})) lines.push(`  ${header}: ${value}`.trimEnd())
  if (assertion !== undefined) lines.push('claims of the assertion')
  for (const [claim, value] of Object.entries(assertion ?? {})) lines.push(`  ${claim}: ${JSON.stringify(value)}`)
  return `${lines.join('\n')}\n`
}
