/**
 * The programs of the recipes in docs/applications.md, as far as package registries have them: pinned by the files beside this one. Run
 * as a program this makes what is missing.
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createProvisions, installPython, type Provision, run } from '../support/provisions.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

const provisions: Record<string, Provision> = {
  Miniflux: {
    needs: ['go'],
    install(into) {
      for (const file of ['go.mod', 'go.sum']) cpSync(join(here, 'go', file), join(into, file))
      run('go', ['build', '-o', 'miniflux', 'miniflux.app/v2'], into)
    },
  },
  'Radicale and Django': {
    needs: ['python3'],
    install: (into) => installPython(into, join(here, 'python/requirements.txt')),
  },
}

const { names, placeOf, has, install } = createProvisions('applications', {
  here,
  pins: ['python/requirements.txt', 'go/go.mod', 'go/go.sum'],
  provisions,
})
export { names as applicationNames, has as hasApplication }

export const minifluxProgram = (): string => join(placeOf('Miniflux'), 'miniflux')
export const pythonProgram = (): string => join(placeOf('Radicale and Django'), 'bin/python3')

if (process.argv[1] === fileURLToPath(import.meta.url)) install()
