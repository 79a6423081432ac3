/**
 * What the recipes of docs/upstreams.md and docs/verify-access-tokens.md are run with: the libraries of each language, pinned by the files beside
 * this one. Run as a program this makes what is missing.
 */
import { cpSync, existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createProvisions, installPython, run, type Provision } from '../support/provisions.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

const languages: Record<string, Provision> = {
  Python: {
    needs: ['python3'],
    install: (into) => installPython(into, join(here, 'python/requirements.txt')),
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
      run('cc', ['-O2', '-shared', '-fPIC', '-o', join(into, 'clock.so'), join(here, 'clock/clock.c')], here),
  },
  // Of the system's packages: php-phpseclib3 and libnginx-mod-http-js.
  PHP: { needs: ['php'], isThere: () => existsSync('/usr/share/php/phpseclib3/autoload.php') },
  'nginx with njs': { needs: ['nginx'], isThere: () => njsModule() !== undefined },
}

const { names, placeOf, has, install } = createProvisions('verifiers', {
  here,
  pins: ['python/requirements.txt', 'go/go.mod', 'go/go.sum', 'java/pom.xml', 'rust/Cargo.toml', 'clock/clock.c'],
  provisions: languages,
})
export { names as verifierNames, placeOf, has as hasVerifier }

/** The library that moves the clock of a program which asks libc for the time. */
export const clockLibrary = (): string => join(placeOf('cc'), 'clock.so')

/** The path of nginx's JavaScript module; nothing when it is not installed. */
export function njsModule(): string | undefined {
  return globSync('/usr/{lib,lib64,share}/nginx/modules/ngx_http_js_module.so')[0]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) install()
