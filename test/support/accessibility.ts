import axe from 'axe-core'
import type { Page } from 'playwright-core'

/**
 * What axe-core finds wrong with the page that a browser shows, by WCAG 2.2 at AA and by good practice: the rule, and the elements
 * that break it. What axe cannot tell by itself counts as found, but the contrast of what lies over a picture or a gradient.
 */
export async function findAccessibilityFaults(page: Page): Promise<string[]> {
  // The page's own policy lets no script in; the debugger's evaluation is not bound by it.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run(document, { resultTypes: ["violations"] })')
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}
