/** In whose name, colours and words the service is shown. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { ConfigError, loadConfig } from '../../src/config.ts'
import { scratchFolder } from '../support/servers.ts'
import { type Answer, startService } from '../support/service.ts'

const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>alert(1)</script></svg>'
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const links = {
  help: 'https://example.com/help?a=1&b=2',
  privacy: 'https://example.com/privacy',
  imprint: 'mailto:us@example.com',
}
/** What a page loads by this element. */
const loaded = ({ body }: Answer, pattern: RegExp) => pattern.exec(body)?.[1] ?? ''

function load(t: Test, branding: object, files: Record<string, string | Buffer> = {}) {
  const folder = scratchFolder(t)
  mkdirSync(join(folder, 'conf'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'conf', name), content)
  const path = join(folder, 'conf/gatehouse.yaml')
  writeFileSync(path, JSON.stringify({ branding }))
  return loadConfig({ GATEHOUSE_DATA_DIR: join(folder, 'data'), GATEHOUSE_CONFIG: path })
}
function faults(t: Test, ...given: [object, Record<string, string | Buffer>?]): string[] {
  try {
    load(t, ...given)
  } catch (error) {
    t.type(error, ConfigError)
    return (error as Error).message.replaceAll(/\S*\/gatehouse\.yaml:1:\d+: /g, '').split('\n')
  }
  return []
}

void test('pages carry the name, the colours, the links and the words that an operator has chosen', async (t) => {
  const texts = {
    en: { 'signIn.title': 'Log in to <Example>', 'kit.signIn': 'Log in' },
    de: { 'signIn.title': 'Herein' },
  }
  const branding = { name: 'Example & Sons', accent: '#ffdd00', links, texts }
  const service = await startService(t, { yaml: { branding } })
  const page = await service.call('/login')
  t.match(page.body, '<title>Log in to &#60;Example&#62; · Example &#38; Sons</title>')
  t.match(page.body, '<h1>Log in to &#60;Example&#62;</h1>')
  t.match(page.body, '<a href="https://example.com/help?a=1&#38;b=2">Help</a>')
  t.match(page.body, '<button type="submit">Log in</button>')
  const german = await service.call('/login', { headers: { 'accept-language': 'de' } })
  t.match(german.body, '<h1>Herein</h1>')
  t.match(german.body, '<a href="https://example.com/privacy">Datenschutz</a>')

  const styles = await service.call(`/${loaded(page, /href="\.\/(assets\/gatehouse\.css[^"]+)"/)}`)
  t.equal(styles.headers['content-type'], 'text/css; charset=utf-8')
  t.equal(styles.headers['cache-control'], 'public, max-age=31536000, immutable')
  t.match(styles.body, '--pico-primary-background: #ffdd00;')
  t.match(styles.body, '--pico-primary-inverse: #10141c;', 'dark words on a light button')
  const unversioned = await service.call('/assets/gatehouse.css')
  t.equal(unversioned.headers['cache-control'], 'public, no-cache')
  const again = await service.call('/assets/gatehouse.css', {
    headers: { 'if-none-match': String(unversioned.headers['etag']) },
  })
  t.equal(again.status, 304)
})

void test('a logo is served as a picture that runs nothing, and another one has another address', async (t) => {
  const { presentation } = load(t, { logo: 'logo.any' }, { 'logo.any': svg })
  const service = await startService(t)
  const own = loaded(await service.call('/login'), /<img src="\.\/([^"]+)"/)
  t.match((await service.call(`/${own}`)).body, '#2f5bd7', 'without one it is ours in the accent')

  service.gatehouse.present(presentation)
  const path = loaded(await service.call('/login'), /<img src="\.\/([^"]+)"/)
  t.match(path, /^assets\/logo\.svg\?v=[0-9a-f]{12}$/)
  t.not(path, own)
  const answer = await service.call(`/${path}`)
  t.equal(answer.body, svg)
  t.match(answer.headers, {
    'content-type': 'image/svg+xml',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    'x-content-type-options': 'nosniff',
  })
  service.gatehouse.present(load(t, { logo: './l.png' }, { 'l.png': png }).presentation)
  const picture = loaded(await service.call('/login'), /<img src="\.\/([^"]+)"/)
  t.match((await service.call(`/${picture}`)).headers, { 'content-type': 'image/png' })
})

void test('what is wrong with a branding stops the start, with its name and what was expected', async (t) => {
  t.same(faults(t, { name: 'x', texts: { en: { 'kit.nothing': 'x' } } }), [
    'branding.texts.en.kit.nothing: there is no such text',
  ])
  t.same(faults(t, { texts: { en: { kit: 'x', 'kit.__proto__': 'x' } } }), [
    'branding.texts.en.kit: there is no such text',
    'branding.texts.en.kit.__proto__: there is no such text',
  ])
  t.same(faults(t, { texts: { en: { 'signIn.signedInAs': 'x' } } }), [
    'branding.texts.en.signIn.signedInAs: something is said within this text, so it cannot be replaced',
  ])
  t.match(faults(t, { texts: { fr: {} } }), [/^branding\.texts\.fr: /])
  t.match(faults(t, { accent: 'green' }), [/^branding\.accent: expected a colour such as "#0a5"/])
  t.match(faults(t, { links: { help: '/help' } }), [/^branding\.links\.help: expected an absolute URL/])
  t.match(faults(t, { links: { help: 'javascript:alert(1)' } }), [/^branding\.links\.help: expected an absolute URL/])
  t.match(faults(t, { name: 'a\u202eb' }), [/^branding\.name: expected a name without invisible characters/])
  t.match(faults(t, { colour: '#fff' }), [/^branding\.colour: /])
  t.same(faults(t, { logo: 'gone.svg' }), ['branding.logo: expected a readable file (ENOENT)'])
  t.same(faults(t, { logo: 'x' }, { x: '<html><svg/></html>' }), ['branding.logo: expected a picture in SVG or PNG'])
  t.same(faults(t, { logo: 'x' }, { x: Buffer.alloc(262_145) }), [
    'branding.logo: expected a picture of at most 256 KiB',
  ])
})
