import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'tap'
import { startBrowser } from '../support/browser.ts'
import { scratchFolder } from '../support/servers.ts'
import { fixtures } from './fixtures.ts'
import { writeGallery } from './write.ts'
void test('x', async (t) => {
  const folder = scratchFolder(t)
  const written = writeGallery(folder, fixtures)
  const { open } = await startBrowser(t)
  const { page } = await open({ reducedMotion: 'reduce' })
  const at = performance.now()
  await page.setViewportSize({ width: 320, height: 720 })
  await page.goto(String(pathToFileURL(join(folder, `${written.at(-1)!.name}.html`))))
  console.error('TT ', performance.now() - at)
  await page.goto(String(pathToFileURL(join(folder, 'index.html')))).catch((e) => console.error('TT', e.message))
  console.error('TT ', performance.now() - at)
})
