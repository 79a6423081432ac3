/**
 * The programs of the recipes in docs/applications.md, as far as package registries have them: pinned by the files beside this one. Run
 * as a program this makes what is missing.
 */
import { chmodSync, cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createProvisions, installPython, type Provision, run } from '../support/provisions.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

const keycloakVersion = readFileSync(join(here, 'keycloak/version.txt'), 'utf8').trim()

const provisions: Record<string, Provision> = {
  Miniflux: {
    needs: ['go'],
    install(into) {
      for (const file of ['go.mod', 'go.sum']) cpSync(join(here, 'go', file), join(into, file))
      run('go', ['build', '-o', 'miniflux', 'miniflux.app/v2'], into)
    },
  },
  Keycloak: {
    needs: ['java', 'mvn'],
    install(into) {
      const artifact = `org.keycloak:keycloak-quarkus-dist:${keycloakVersion}:zip`
      const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack'
      run('mvn', ['--quiet', '--batch-mode', plugin, `-Dartifact=${artifact}`, `-DoutputDirectory=${into}`], into)
      const folder = join(into, `keycloak-${keycloakVersion}`)
      const scripts = readdirSync(join(folder, 'bin')).filter((name) => name.endsWith('.sh'))
      for (const name of scripts) chmodSync(join(folder, 'bin', name), 0o755)
      run(join(folder, 'bin/kc.sh'), ['build', '--db=dev-mem'], folder)
    },
  },
  'Radicale and Django': {
    needs: ['python3'],
    install: (into) => installPython(into, join(here, 'python/requirements.txt')),
  },
}

const { names, placeOf, has, install } = createProvisions('applications', {
  here,
  pins: ['python/requirements.txt', 'go/go.mod', 'go/go.sum', 'keycloak/version.txt'],
  provisions,
})
export { names as applicationNames, has as hasApplication }

export const minifluxProgram = (): string => join(placeOf('Miniflux'), 'miniflux')
export const keycloakFolder = (): string => join(placeOf('Keycloak'), `keycloak-${keycloakVersion}`)
export const pythonProgram = (): string => join(placeOf('Radicale and Django'), 'bin/python3')

if (process.argv[1] === fileURLToPath(import.meta.url)) install()
