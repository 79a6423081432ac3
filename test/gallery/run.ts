/** `npm run gallery [-- --out FOLDER] [--only TEXT] [--screenshots FOLDER]`: docs/architecture.md says what it is for. */
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { launchChromium } from '../support/browser.ts'
import { fixtures } from './fixtures.ts'
import { widths, writeGallery, type Written } from './write.ts'

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'gallery' },
    only: { type: 'string', default: '' },
    screenshots: { type: 'string' },
  },
})
const folder = resolve(values.out)
rmSync(folder, { recursive: true, force: true })
const written = writeGallery(
  folder,
  fixtures.filter(({ name }) => name.includes(values.only)),
)
process.stdout.write(`${written.length} documents: ${pathToFileURL(join(folder, 'index.html')).href}\n`)
if (values.screenshots !== undefined) await takeScreenshots(written, resolve(values.screenshots))

/** One picture of each document at each width, of its whole height. */
async function takeScreenshots(documents: readonly Written[], to: string): Promise<void> {
  mkdirSync(to, { recursive: true })
  const browser = await launchChromium()
  try {
    const page = await browser.newPage({ reducedMotion: 'reduce' })
    for (const width of widths) {
      await page.setViewportSize({ width, height: 720 })
      for (const { name } of documents) {
        await page.goto(String(pathToFileURL(join(folder, `${name}.html`))))
        await page.screenshot({ path: join(to, `${name}.${width}.png`), fullPage: true })
      }
    }
  } finally {
    await browser.close()
  }
  process.stdout.write(`${documents.length * widths.length} screenshots: ${to}\n`)
}
