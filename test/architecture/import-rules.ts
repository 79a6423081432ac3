/**
 * Who may know whom: the import rules of docs/architecture.md, as a rule of the linter. A room that is not named here may
 * import nothing, so that a new one has to be entered.
 */
import { basename, dirname, join } from 'node:path/posix'

/** A file under `src/`: its room, its feature where it has one, and its part in it. */
export interface Place {
  readonly room: string
  readonly feature?: string
}

const roots: Readonly<Record<string, string>> = {
  'launch.js': 'main',
  'main.ts': 'main',
  'app.ts': 'composition',
  'audit-events.ts': 'event list',
  'mails.ts': 'mail list',
  'base.ts': 'base',
  'gatehouse.ts': 'composition',
  'maintenance.ts': 'composition',
  'config.ts': 'configuration',
  'config-file.ts': 'configuration',
  'cookie-domain.ts': 'configuration',
  'environment.ts': 'configuration',
  'json-schema.ts': 'schema kit',
  'presentation.ts': 'configuration',
  'pem.ts': 'PEM files',
  'settings.ts': 'settings kit',
  'schema-faults.ts': 'settings kit',
  'yaml-text.ts': 'settings kit',
}
const folders = new Set(['adapters', 'browser', 'cli', 'core', 'http', 'i18n', 'pages', 'stores'])

/** What a file of a feature is, by the last word of its name. */
const parts: Readonly<Record<string, string>> = {
  routes: 'face',
  admin: 'face',
  pages: 'face',
  schema: 'face',
  views: 'view',
  texts: 'texts',
  mails: 'view',
  settings: 'settings',
  events: 'events',
}

/** What both the composition and the command line are made of. */
const composed = ['core', 'base', 'adapters', 'stores', 'http', 'i18n', 'pages', 'configuration', 'front door']

/** For each room those that it may import, beside itself. Of another feature it may be the front door alone, for types. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  'schema kit': [],
  browser: [],
  'settings kit': ['core', 'schema kit'],
  pages: ['core'],
  'PEM files': ['core'],
  stores: ['core', 'PEM files'],
  adapters: ['core', 'PEM files'],
  http: ['core', 'pages', 'schema kit', 'settings kit', 'http settings'],
  'http settings': ['core', 'pages', 'schema kit', 'settings kit'],
  settings: ['core', 'schema kit', 'settings kit', 'operation'],
  operation: ['core', 'settings', 'events'],
  events: ['core'],
  'event list': ['events'],
  'mail list': ['view'],
  texts: ['core', 'pages'],
  view: ['core', 'pages', 'texts'],
  i18n: ['core', 'pages', 'texts'],
  face: ['core', 'http', 'pages', 'schema kit', 'settings kit', 'operation', 'settings', 'texts', 'view', 'front door'],
  'front door': ['core', 'events', 'base', 'http', 'pages', 'operation', 'settings', 'texts', 'view', 'face'],
  configuration: ['core', 'pages', 'i18n', 'schema kit', 'settings kit', 'settings', 'http settings'],
  base: ['core', 'adapters', 'http', 'configuration', 'event list', 'operation'],
  composition: [...composed, 'mail list'],
  cli: [...composed, 'composition', 'operation', 'settings', 'view'],
  main: ['core', 'configuration', 'cli'],
}

/** Packages that a room may import: any where it is not listed. */
const packages: Readonly<Record<string, RegExp>> = {
  core: /^node:/,
  pages: /^node:/,
  browser: /^$/,
  'schema kit': /^typebox$/,
  'settings kit': /^(node:|yaml)/,
  operation: /^(?!drizzle|postgres|pg$|ioredis|@electric-sql)/,
  texts: /^node:/,
  view: /^node:/,
  i18n: /^node:/,
}

/** The place of a file, given from `src/` on; nothing for one that is none of the program's modules. */
export function placeOf(path: string): Place | undefined {
  const [first = '', feature, ...rest] = path.split('/')
  if (feature === undefined) return first in roots ? { room: roots[first]! } : undefined
  if (folders.has(first)) return { room: path === 'http/settings.ts' ? 'http settings' : first }
  if (first !== 'features' || rest.length === 0) return undefined
  const name = basename(path, '.ts')
  // What of a feature reads requests and writes answers, beside its routes.
  if (rest.length > 1 && rest[0] === 'http') return { room: 'face', feature }
  if (name === 'index') return { room: 'front door', feature }
  return { room: parts[name.split('-').at(-1)!] ?? 'operation', feature }
}

/** What is wrong with an import of `specifier` in the file; nothing where it is allowed. Paths are given from `src/` on. */
export function faultOf(path: string, specifier: string, isTypeAlone: boolean): string | undefined {
  const from = placeOf(path)
  if (from === undefined) return `${path} lies in no room of the table`
  if (!specifier.startsWith('.')) {
    if (/^(typebox|@fastify\/type-provider)/.test(specifier) && !isTypeAlone)
      return `${specifier} gives types alone: json-schema.ts builds schemas (decision 28)`
    return (packages[from.room]?.test(specifier) ?? true) ? undefined : `${from.room}: no package such as ${specifier}`
  }
  const target = join(dirname(path), specifier)
  const to = placeOf(target)
  if (to === undefined) return `${target} lies in no room of the table`
  const sameFeature = from.feature === to.feature
  if (from.feature !== undefined && to.feature !== undefined && !sameFeature) {
    return to.room === 'front door' && isTypeAlone
      ? undefined
      : `of another feature, types of its index.ts alone (${target})`
  }
  const allowed = from.room === to.room || mayImport[from.room]!.includes(to.room)
  return allowed ? undefined : `${from.room} may not import ${to.room} (${target})`
}

interface Node {
  source: { value: string } | null
  importKind?: string
  exportKind?: string
}

const rooms = {
  create(context: { filename: string; report(fault: { message: string; node: Node }): void }) {
    const path = context.filename.replaceAll('\\', '/').split('/src/').at(-1)!
    const inside = context.filename.includes('/src/')
    const look = (node: Node) => {
      if (!inside || node.source === null) return
      const message = faultOf(path, node.source.value, (node.importKind ?? node.exportKind) === 'type')
      if (message !== undefined) context.report({ message, node })
    }
    return { ImportDeclaration: look, ExportNamedDeclaration: look, ExportAllDeclaration: look }
  },
}

export default { meta: { name: 'house' }, rules: { rooms } }
