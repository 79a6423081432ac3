/**
 * Libraries and programs that tests run with, pinned by files of the repository. They lie in a folder of the user's cache, named after
 * those files, so that every checkout finds them and nothing is built twice.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from './servers.ts'

export interface Provision {
  /** Programs and packages of the system without which nothing runs. */
  needs: readonly string[]
  isThere?(): boolean
  /** Puts it into the folder. */
  install?(into: string): void
}

export interface Provisions {
  names: readonly string[]
  /** Where one of them is; it is made as a whole or not at all. */
  placeOf(name: string): string
  /** Whether everything is there that it runs with. */
  has(name: string): boolean
  /** Makes what is missing, as far as the machine has what that needs, and says of each whether it is there. */
  install(): void
}

/** `pins` are the paths, below the folder `here`, of all files by which the provisions are pinned. */
export function createProvisions(
  kind: string,
  { here, pins, provisions }: { here: string; pins: readonly string[]; provisions: Record<string, Provision> },
): Provisions {
  const version = pins
    .reduce((hash, file) => hash.update(readFileSync(join(here, file))), createHash('sha256'))
    .digest('hex')
    .slice(0, 16)
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const placeOf = (name: string) => join(cache, 'gatehouse', `${kind}-${version}`, name)
  const has = (name: string) => {
    const { needs, isThere, install } = provisions[name]!
    if (needs.some((program) => findProgram(program) === undefined)) return false
    return isThere?.() ?? (install === undefined || existsSync(join(placeOf(name), '.whole')))
  }
  return {
    names: Object.keys(provisions),
    placeOf,
    has,
    install() {
      for (const [name, { needs, install }] of Object.entries(provisions)) {
        const absent = needs.filter((program) => findProgram(program) === undefined)
        if (absent.length === 0 && install !== undefined && !has(name)) {
          rmSync(placeOf(name), { recursive: true, force: true })
          mkdirSync(placeOf(name), { recursive: true })
          install(placeOf(name))
          writeFileSync(join(placeOf(name), '.whole'), '')
        }
        process.stdout.write(`${name}: ${has(name) ? 'ready' : `not ready (needs ${needs.join(', ')})`}\n`)
      }
    },
  }
}

/** Runs a program of an installation to its end. */
export function run(program: string, args: readonly string[], cwd: string): void {
  execFileSync(program, args, { cwd, stdio: 'inherit' })
}

/** A virtual environment of Python with exactly the wheels that a file pins. */
export function installPython(into: string, requirements: string): void {
  run('python3', ['-m', 'venv', into], into)
  const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--only-binary=:all:', '--no-deps']
  run(join(into, 'bin/python3'), ['-m', 'pip', 'install', ...options, '-r', requirements], into)
}
