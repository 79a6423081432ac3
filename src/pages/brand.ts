import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type AccentColours, accentColours } from './colours.ts'
import { styleSheet } from './styles.ts'

/** A picture in a file, by the media type that it is served with. */
export interface Picture {
  readonly type: 'image/svg+xml' | 'image/png'
  readonly content: Buffer
}

/** Under whose name and in whose colours pages and mails are: what an operator has chosen. */
export interface Branding {
  readonly name: string
  /** As `#0a5` or `#00aa55`. */
  readonly accent: string
  /** Left out, it is ours in the accent. */
  readonly logo?: Picture | undefined
  readonly links: BrandLinks
  /** Pictures of applications, by their hosts. */
  readonly icons: ReadonlyMap<string, Picture>
}

/** Where an operator tells more; absolute URLs. */
interface BrandLinks {
  readonly help?: string | undefined
  readonly privacy?: string | undefined
  readonly imprint?: string | undefined
}

export const defaultBranding: Branding = { name: 'Gatehouse', accent: '#2f5bd7', links: {}, icons: new Map() }

/** Something that every page loads. Its URL begins with `path`; with `version` behind it, what it holds never changes. */
export interface Asset {
  readonly path: string
  readonly version: string
  readonly type: string
  readonly content: Buffer
}

/** Where the logo is served, by what it is. */
export const logoPaths = { 'image/svg+xml': '/assets/logo.svg', 'image/png': '/assets/logo.png' } as const

export const iconPath = '/assets/icon'

/** A branding, ready to be shown, with what else pages load. */
export interface Brand {
  readonly name: string
  readonly links: BrandLinks
  readonly colours: { readonly light: AccentColours; readonly dark: AccentColours }
  readonly logo: Asset
  /** The style sheet that is ours, on top of Pico's. */
  readonly styles: Asset
  readonly pico: Asset
  /** The script of passwords. */
  readonly passwordScript: Asset
  /** The script of passkeys. */
  readonly passkeyScript: Asset
  /** Sends a form that nobody has to fill in. */
  readonly submitScript: Asset
  /** Of applications, by their hosts; each is found by its version alone. */
  readonly icons: ReadonlyMap<string, Asset>
}

export function brandOf({ name, accent, logo, links, icons }: Branding): Brand {
  const colours = accentColours(accent)
  const { type, content } = logo ?? { type: 'image/svg+xml' as const, content: Buffer.from(ownLogo(colours.light)) }
  return {
    name,
    links,
    colours,
    logo: assetOf(logoPaths[type], type, content),
    styles: assetOf('/assets/gatehouse.css', css, Buffer.from(styleSheet(colours))),
    pico: assetOf('/assets/pico.min.css', css, readFile(import.meta.resolve('@picocss/pico/css/pico.min.css'))),
    passwordScript: scriptOf('password-field.js'),
    passkeyScript: scriptOf('passkey.js'),
    submitScript: scriptOf('submit-form.js'),
    icons: new Map([...icons].map(([host, icon]) => [host, assetOf(iconPath, icon.type, icon.content)])),
  }
}

const css = 'text/css; charset=utf-8'

const readFile = (url: string) => readFileSync(new URL(url))

function assetOf(path: string, type: string, content: Buffer): Asset {
  return { path, type, content, version: createHash('sha256').update(content).digest('hex').slice(0, 12) }
}

function scriptOf(name: string): Asset {
  const content = readFile(import.meta.resolve(`./browser/${name}`))
  return assetOf(`/assets/${name}`, 'text/javascript; charset=utf-8', content)
}

/** Where a page finds an asset; `base` as `layout` has it. Under another host it names no version: proxies keep such pages. */
export function urlOfAsset(base: string, { path, version }: Pick<Asset, 'path' | 'version'>): string {
  return base === '.' ? `.${path}?v=${version}` : `${base}${path}`
}

/** A gate in a wall. */
function ownLogo({ button, onButton }: AccentColours): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${button}"/><path d="M9 24V15a7 7 0 0 1 14 0v9M16 8v16M7 24h18" fill="none" stroke="${onButton}" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"/></svg>`
}
