import { createRequire } from 'node:module'
import type { NameDevice } from '../core/device-name.ts'

type Bowser = typeof import('bowser')
let bowser: Bowser | undefined

/** In words, in English: the browser and its system as far as they are known, else what the header begins with. */
export const nameDevice: NameDevice = (userAgent) => {
  // Loaded when somebody looks: it is of no use to forward-auth.
  bowser ??= createRequire(import.meta.url)('bowser') as Bowser
  if (userAgent === '') return 'Unknown device'
  const { browser, os } = bowser.parse(userAgent)
  const names = [browser.name, os.name].filter((name) => name !== undefined && name !== '')
  return names.length === 0 ? userAgent.split(/[\s/(]/, 1)[0]!.slice(0, 40) || 'Unknown device' : names.join(' on ')
}
