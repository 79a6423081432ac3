/** Every page and every mail, in every state and language, as the gallery shows them. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'tap'
import { de } from '../../src/i18n/de.ts'
import { type Catalogue, en } from '../../src/i18n/en.ts'
import { hasChromium, offersInNoField, startBrowser } from '../support/browser.ts'
import { findAccessibilityFaults } from '../support/accessibility.ts'
import { scratchFolder } from '../support/servers.ts'
import { spokenLanguages } from './fixture.ts'
import { fixtures } from './fixtures.ts'
import { inspectPage } from './inspect-page.ts'
import { writeGallery } from './write.ts'

const root = join(import.meta.dirname, '../..')

void test('every view and every mail is shown by a fixture', async (t) => {
  const files = globSync(['src/**/*views.ts', 'src/**/mails.ts'], { cwd: root })
  t.ok(files.length >= 8, 'they are found')
  const shown = new Set(fixtures.map(({ shows }) => shows))
  for (const file of files) {
    const exported = (await import(String(pathToFileURL(join(root, file))))) as Record<string, unknown>
    for (const [name, value] of Object.entries(exported)) {
      if (/(Page|Mail)$/.test(name)) t.ok(shown.has(value), `${name} of ${file}`)
    }
  }
  const names = fixtures.map(({ name }) => name)
  t.same(names, [...new Set(names)], 'no two of one name')
})

/** The texts of a catalogue by the path that leads there. */
function textsOf(node: unknown, path = ''): [path: string, text: unknown][] {
  if (typeof node !== 'object' || node === null) return [[path, node]]
  return Object.entries(node).flatMap(([key, part]) => textsOf(part, path === '' ? key : `${path}.${key}`))
}

/** What is one word in both languages. */
const alike = new Set(['kit.name', 'factors.passkeys.title'])

void test('every language says everything, in words of its own', async (t) => {
  const english = new Map(textsOf(en))
  const german = new Map(textsOf(de))
  t.same([...german.keys()].toSorted(), [...english.keys()].toSorted())
  for (const [path, text] of german) {
    if (typeof text === 'function') t.equal(text.length, (english.get(path) as () => unknown).length, path)
    else t.ok(typeof text === 'string' && text.trim() !== '' && (text !== english.get(path) || alike.has(path)), path)
  }
})

void test('every text is said by some page or mail', async (t) => {
  const unsaid = new Set(textsOf(en).map(([path]) => path))
  const watched = <Node extends object>(node: Node, path = ''): Node =>
    new Proxy(node, {
      get(target, key, receiver) {
        const value: unknown = Reflect.get(target, key, receiver)
        const here = path === '' ? String(key) : `${path}.${String(key)}`
        unsaid.delete(here)
        return typeof value === 'object' && value !== null ? watched(value, here) : value
      },
    })
  const texts: Catalogue = watched(en)
  const [english] = spokenLanguages()
  for (const fixture of fixtures) fixture.render({ ...english!, texts })
  t.same([...unsaid], [])
})

void test('no line of a mail is longer than mails may be sent as they stand, but a link', async (t) => {
  for (const { name, isMail, render } of fixtures) {
    if (!isMail) continue
    for (const spoken of spokenLanguages()) {
      const [, text = ''] = /<pre[^>]*>(.*)<\/pre>/s.exec(render(spoken))!
      const shown = text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
      const long = shown.split('\n').filter((line) => line.length > 75)
      t.same(
        long.filter((line) => line.includes(' ') || !line.startsWith('https://')),
        [],
        `${name} in ${spoken.language}`,
      )
      t.match(shown, /https:\/\/\S+$/m)
    }
  }
})

/** Breaks each demand once. */
const broken = `<!doctype html>
<html lang="">
  <head><title></title></head>
  <body>
    <main>
      <h1>One</h1><h1>Two</h1>
      <p id="a"><div>undefined</div></p>
      <input id="a" name="x" aria-describedby="nowhere" />
      <label for="y">Y</label><input id="y" aria-invalid="true" autofocus style="outline: none" />
      <button type="submit"> </button>
      <a href="." tabindex="2" autofocus="">link</a>
      <button style="width: 2em; overflow: hidden; white-space: nowrap">cut off</button>
      <p style="width: 400px">wide</p>
    </main>
  </body>
</html>`

if (hasChromium) {
  void test('what is wrong with a page is found', async (t) => {
    const { open } = await startBrowser(t)
    const { page } = await open({ reducedMotion: 'reduce', viewport: { width: 320, height: 720 } })
    await page.setContent(broken)
    const found = (await page.evaluate(inspectPage, broken)).map((fault) => fault.replace(/:.*/s, ''))
    t.same(found, [
      'elements stand where HTML allows none',
      '2 of h1',
      'no title or no language',
      'something stands where a text should',
      'an id stands twice',
      'aria-describedby names what is not there',
      'a field without its label',
      'a fault that is said nowhere',
      'an element without words',
      'two fields want the focus',
      'it is 408 px wide in 320 px',
      'cut off',
      'nothing shows that it has the focus',
      'the focus does not go from top to bottom',
    ])
    const unclosed = broken.replace('</h1>', '')
    t.match(await page.evaluate(inspectPage, unclosed), [/^it is not well-formed/])
  })
  void test('every page works at every width, for everybody', async (t) => {
    const folder = scratchFolder(t)
    const written = writeGallery(folder, fixtures)
    const { open } = await startBrowser(t)
    const { page, errors } = await open({ reducedMotion: 'reduce' })
    await page.addInitScript(offersInNoField)
    await page.goto(String(pathToFileURL(join(folder, 'index.html'))))
    for (const { name, scheme, language, source } of written) {
      // In the dark nothing differs but the colours, which are looked at below.
      if (scheme === 'dark') continue
      await page.setViewportSize({ width: 320, height: 720 })
      // Into the document that is open, so that axe need not be compiled for each; but a script finds nothing of another's.
      if (source.includes('<script')) await page.goto(String(pathToFileURL(join(folder, `${name}.html`))))
      else await page.setContent(source)
      for (const width of [320, 1280]) {
        await page.setViewportSize({ width, height: 720 })
        t.same(await page.evaluate(inspectPage, source), [], `${name} at ${width} px`)
      }
      // What axe looks at is the same in every language.
      if (language !== 'en') continue
      t.same(await findAccessibilityFaults(page), [], `${name} as axe sees it`)
      await page.evaluate(`document.documentElement.dataset.theme = 'dark'`)
      t.same(await findAccessibilityFaults(page, ['color-contrast']), [], `${name} in the dark`)
    }
    t.same(errors, [], 'the console stays clean')

    const shown = globSync('all-of-*.de.html', { cwd: folder }).map((name) => readFileSync(join(folder, name), 'utf8'))
    for (const { name } of fixtures) t.match(shown.join(''), `src="${name}.de.dark.html"`)
    await page.goto(String(pathToFileURL(join(folder, 'index.html'))))
    await page.getByRole('link', { name: 'Deutsch' }).click()
    await page.getByRole('link', { name: 'sign-in', exact: true }).click()
    const frame = page.frameLocator('iframe[title="sign-in.fresh.de.light, 320 px"]')
    // A frame is loaded only once it comes near to what is seen, and how near is for the browser to say.
    await frame.owner().scrollIntoViewIfNeeded()
    t.equal(await frame.getByRole('heading').innerText(), 'Anmelden')
  })
}
