/**
 * What the recipes of docs/upstreams.md and docs/verify-access-tokens.md are run with: the libraries of each language, pinned by the files beside
 * this one. They lie in a folder of the user's cache, named after those files, so that every checkout finds them and nothing
 * is built twice. Run as a program this makes what is missing there.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from '../support/servers.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const pins = ['python/requirements.txt', 'go/go.mod', 'go/go.sum', 'java/pom.xml', 'rust/Cargo.toml', 'clock/clock.c']
const version = pins
  .reduce((hash, file) => hash.update(readFileSync(join(here, file))), createHash('sha256'))
  .digest('hex')
  .slice(0, 16)
const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
const folder = join(cache, 'gatehouse', `verifiers-${version}`)

/** Where the libraries of a language are; it is made as a whole or not at all. */
export const placeOf = (language: string): string => join(folder, language)

const run = (program: string, args: readonly string[], cwd = here) =>
  execFileSync(program, args, { cwd, stdio: 'inherit' })

interface Provision {
  /** Programs and packages of the system without which nothing runs. */
  needs: readonly string[]
  isThere?(): boolean
  /** Puts the libraries into the folder. */
  install?(into: string): void
}

const provisions: Record<string, Provision> = {
  Python: {
    needs: ['python3'],
    install(into) {
      run('python3', ['-m', 'venv', into])
      const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--only-binary=:all:', '--no-deps']
      run(join(into, 'bin/python3'), ['-m', 'pip', 'install', ...options, '-r', join(here, 'python/requirements.txt')])
    },
  },
  Go: {
    needs: ['go'],
    install(into) {
      for (const file of ['go.mod', 'go.sum']) cpSync(join(here, 'go', file), join(into, file))
      const packages = ['coreos/go-oidc/v3/oidc', 'go-jose/go-jose/v4/jwt', 'lestrrat-go/httprc/v3']
      const ofJwx = ['lestrrat-go/jwx/v3/jwk', 'lestrrat-go/jwx/v3/jws']
      run('go', ['build', ...[...packages, ...ofJwx].map((path) => `github.com/${path}`)], into)
    },
  },
  Java: {
    needs: ['javac', 'mvn'],
    install: (into) =>
      run(
        'mvn',
        ['--quiet', '--batch-mode', 'dependency:copy-dependencies', `-DoutputDirectory=${into}`],
        join(here, 'java'),
      ),
  },
  Rust: {
    needs: ['cargo'],
    install(into) {
      cpSync(join(here, 'rust/Cargo.toml'), join(into, 'Cargo.toml'))
      mkdirSync(join(into, 'src'))
      writeFileSync(join(into, 'src/main.rs'), 'fn main() {}\n')
      run('cargo', ['build', '--quiet', '--target-dir', join(into, 'target')], into)
    },
  },
  // What moves the clocks of programs.
  cc: {
    needs: ['cc'],
    install: (into) =>
      run('cc', ['-O2', '-shared', '-fPIC', '-o', join(into, 'clock.so'), join(here, 'clock/clock.c')]),
  },
  // Of the system's packages: php-phpseclib3 and libnginx-mod-http-js.
  PHP: { needs: ['php'], isThere: () => existsSync('/usr/share/php/phpseclib3/autoload.php') },
  'nginx with njs': { needs: ['nginx'], isThere: () => njsModule() !== undefined },
}

/** The library that moves the clock of a program which asks libc for the time. */
export const clockLibrary = (): string => join(placeOf('cc'), 'clock.so')

/** The path of nginx's JavaScript module; nothing when it is not installed. */
export function njsModule(): string | undefined {
  return globSync('/usr/{lib,lib64,share}/nginx/modules/ngx_http_js_module.so')[0]
}

export const verifierNames = Object.keys(provisions)

/** Whether everything is there that a recipe runs with. */
export function hasVerifier(name: string): boolean {
  const { needs, isThere, install } = provisions[name]!
  if (needs.some((program) => findProgram(program) === undefined)) return false
  return isThere?.() ?? (install === undefined || existsSync(join(placeOf(name), '.whole')))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, { needs, install }] of Object.entries(provisions)) {
    const absent = needs.filter((program) => findProgram(program) === undefined)
    if (absent.length === 0 && install !== undefined && !hasVerifier(name)) {
      rmSync(placeOf(name), { recursive: true, force: true })
      mkdirSync(placeOf(name), { recursive: true })
      install(placeOf(name))
      writeFileSync(join(placeOf(name), '.whole'), '')
    }
    process.stdout.write(`${name}: ${hasVerifier(name) ? 'ready' : `not ready (needs ${needs.join(', ')})`}\n`)
  }
}
