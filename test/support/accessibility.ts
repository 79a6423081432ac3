import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { Page } from 'playwright-core'

const library = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * What axe-core finds wrong with the page that a browser shows, by WCAG 2.2 at AA and by good practice: the rule, and the elements
 * that break it. `rules`: these alone.
 */
export async function findAccessibilityFaults(page: Page, rules?: readonly string[]): Promise<string[]> {
  // The page's own policy lets no script in; the debugger's evaluation is not bound by it. To compile it takes longest of all.
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(library)
  const options = {
    resultTypes: ['violations'],
    // Where a page is a file it may not read the style sheets that it shows.
    preload: false,
    // They are dear, and what is told of an element is its source.
    ...{ selectors: false, iframes: false },
    ...(rules && { runOnly: { type: 'rule', values: rules } }),
  }
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${JSON.stringify(options)})`)
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}
