import { createRequire } from 'node:module'
import type { ReadDevice } from '../core/device.ts'

type Bowser = typeof import('bowser')
let bowser: Bowser | undefined

export const readDevice: ReadDevice = (userAgent) => {
  if (userAgent === '') return { browser: undefined, system: undefined }
  // Loaded when somebody signs in: it is of no use to forward-auth.
  bowser ??= createRequire(import.meta.url)('bowser') as Bowser
  const { browser, os } = bowser.parse(userAgent)
  const named = [browser.name, os.name].some(Boolean)
  // A program that is none of the known ones begins with its own name.
  const first = userAgent.split(/[\s/(]/, 1)[0]!.slice(0, 40)
  return { browser: (named ? browser.name : first) || undefined, system: os.name || undefined }
}
