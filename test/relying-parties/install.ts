/**
 * Programs by which people sign in that do not come with `npm ci`: pinned by the files beside this one. Run as a program this makes what
 * is missing.
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createProvisions, run } from '../support/provisions.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const pins = ['next-auth/package.json', 'next-auth/package-lock.json']

const { names, placeOf, has, install } = createProvisions('relying-parties', {
  here,
  pins,
  provisions: {
    'next-auth': {
      needs: ['npm'],
      install(into) {
        for (const file of pins) cpSync(join(here, file), join(into, file.replace('next-auth/', '')))
        // Its peers are Next.js and React, which nothing of it loads that answers an API route: a hundred times as much as itself.
        run('npm', ['ci', '--silent', '--no-audit', '--ignore-scripts', '--legacy-peer-deps'], into)
      },
    },
  },
})
export { names as relyingPartyNames, has as hasRelyingParty }

/** Below which its packages are. */
export const nextAuthFolder = (): string => placeOf('next-auth')

if (process.argv[1] === fileURLToPath(import.meta.url)) install()
