import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/**
 * The few rules that are ours: one narrow column in the middle, or a wide one for tables; quiet headings, errors that stand out,
 * and languages at the foot that look like links. Everything else, light and dark, is Pico's.
 */
const ownStyles = `main.container { max-width: 24rem; padding-top: 8vh; }
main.wide { max-width: 60rem; padding-inline: var(--pico-spacing); }
h1 { font-size: 1.25rem; margin: 0; }
article > form:not(:last-child) { margin-bottom: 1rem; }
article > :last-child, article > form > :last-child { margin-bottom: 0; }
article a[role='button'] { display: block; }
article > form + form { margin-top: var(--pico-spacing); }
small.hint { display: block; margin-bottom: var(--pico-spacing); color: var(--pico-muted-color); }
small + small.hint { margin-top: calc(var(--pico-spacing) * -0.75); }
input[readonly]:focus { --pico-box-shadow: 0 0 0 var(--pico-outline-width) var(--pico-primary-focus); }
caption { margin-bottom: 0.5rem; text-align: start; font-weight: bold; }
td, th { vertical-align: top; }
[role='alert'], [role='status'] {
  --accent: var(--pico-del-color);
  border-inline-start: 0.25rem solid var(--accent);
  background: color-mix(in srgb, var(--accent) 10%, transparent);
  padding: 0.5rem 0.75rem;
}
[role='status'] { --accent: var(--pico-primary); }
body > footer { padding-block: 0 2rem; }
body > footer nav { display: block; }
body > footer form { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: center; gap: 0 0.5rem; margin: 0; }
body > footer strong, body > footer [type='submit'] {
  width: auto;
  margin: 0;
  border: var(--pico-border-width) solid transparent;
  padding: 0.25rem 0.5rem;
  background: none;
  color: var(--pico-muted-color);
  font-size: 0.875rem;
  font-weight: normal;
}
body > footer [type='submit'] { color: var(--pico-primary); text-decoration: underline; }
`

/** A style sheet, and where it is served. */
export interface StyleSheet {
  readonly path: string
  /** Follows from the text alone, so that replicas agree, and a browser may keep for good what it got under it. */
  readonly version: string
  /** What pages name it by. */
  readonly url: string
  readonly text: Buffer
}

function styleSheet(path: string, text: Buffer): StyleSheet {
  const version = createHash('sha256').update(text).digest('base64url').slice(0, 12)
  return { path, version, url: `${path}?v=${version}`, text }
}

/** In their order: ours come last. */
export const styleSheets: readonly StyleSheet[] = [
  styleSheet('/assets/pico.min.css', readFileSync(new URL(import.meta.resolve('@picocss/pico/css/pico.min.css')))),
  styleSheet('/assets/gatehouse.css', Buffer.from(ownStyles)),
]
