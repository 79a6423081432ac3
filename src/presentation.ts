import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { ConfigFile } from './config-file.ts'
import type { Presentation } from './i18n/languages.ts'
import type { Picture } from './pages/brand.ts'

type ReadPresentation = { kind: 'read'; presentation: Presentation } | { kind: 'faulty'; faults: readonly string[] }

/** Every page loads it. */
const longestPicture = 256 * 1024

/** How the service looks and speaks, with the pictures that gatehouse.yaml names; `configFile` is where it stands. */
export function readPresentation(
  { branding, hosts }: Pick<ConfigFile, 'branding' | 'hosts'>,
  configFile: string,
): ReadPresentation {
  const faults: string[] = []
  const picture = (setting: string, path: string | undefined): Picture | undefined => {
    const read = path === undefined ? undefined : readPicture(resolve(dirname(configFile), path))
    if (typeof read !== 'string') return read
    faults.push(`${setting}: ${read}`)
    return undefined
  }
  const logo = picture('branding.logo', branding.logo)
  const icons = Object.entries(hosts).flatMap(([host, { icon }]): [string, Picture][] => {
    const read = picture(`hosts.${host}.icon`, icon)
    return read === undefined ? [] : [[host, read]]
  })
  const presentation = { ...branding, logo, icons: new Map(icons) }
  return faults.length > 0 ? { kind: 'faulty', faults } : { kind: 'read', presentation }
}

/** A picture, or what was expected. It is known by what it holds, whatever its file is called. */
function readPicture(path: string): Picture | string {
  try {
    const { size } = statSync(path)
    if (size > longestPicture) return 'expected a picture of at most 256 KiB'
    const content = readFileSync(path)
    if (content.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n') return { type: 'image/png', content }
    const isSvg = /^\s*(<\?xml[^>]*>|<!--[^]*?-->|<!DOCTYPE[^>]*>|\s)*<svg[\s>]/i.test(content.toString('utf8'))
    return isSvg ? { type: 'image/svg+xml', content } : 'expected a picture in SVG or PNG'
  } catch (error) {
    return `expected a readable file (${(error as NodeJS.ErrnoException).code})`
  }
}
