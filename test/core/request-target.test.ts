/** The strict reading of request targets: whatever is accepted has one meaning for every parser. */
import { deepStrictEqual, doesNotMatch, strictEqual } from 'node:assert'
import { posix } from 'node:path'
import * as fc from 'fast-check'
import { test } from 'tap'
import { allEscaped, otherReadings } from '../../src/core/request-path.ts'
import { parseRequestTarget, type RequestTarget, splitAbsoluteUrl, urlOf } from '../../src/core/request-target.ts'

const read = (target: string, host = 'app.example.test', scheme = 'http') =>
  parseRequestTarget({ method: 'GET', scheme, host, target })

/** Decodes whatever is a valid escape and leaves the rest, as forgiving servers do. */
const decodeLeniently = (text: string) =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'))

/** What attacks on paths are made of, and plain text between. */
const pathPieces = fc.constantFrom(
  ...['/', '/', '/', '//', 'a', 'admin', 'public', 'Z9', '.', '..', '...', '-_~', '+', '=', '&', ',', '@', ':', '!'],
  ...['%2e', '%2E', '%2f', '%2F', '%5c', '%3b', '%25', '2f', '2e', '%20', '%00', '%0a', '%7f', '%zz', '%', '%u002e'],
  ...['\\', ';', ';x=1', '?', '#', '|', '^', '[', ']', '{', '"', '<', ' ', '\t', '\n', 'é', '／', '．'],
  ...['%EF%BC%8E', '%EF%BC%8F', '%EF%BC%BC', '%EF%BC%85', '%E2%80%A5', '%E2%80%A4', '%C0%AF', '%C3%A9', '%F0%9F%99%82'],
  ...['%E2%80%8B', '%25EF%25BC%258E', '%25EF%25BC%259F', '%3F', '%23', '%61', "'", '(', ')', '*', '$'],
)
const paths = fc.array(pathPieces, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)
const hostPieces = fc.constantFrom(
  ...['app', 'example', 'test', 'a', 'A', '.', '.', '..', '-', '_', ':', ':80', ':443', ':8443', ':0', '@', '/', '?'],
  ...[
    '127',
    '1',
    '0',
    '0x7f',
    '255',
    '256',
    '[',
    ']',
    '[::1]',
    '[0:0::1]',
    '::',
    '%2e',
    '。',
    'ａ',
    '\u212a',
    '\\',
    ' ',
    '#',
  ],
  ...['xn--', 'xn--bcher-kva', 'ß', '％'],
)
const hosts = fc.array(hostPieces, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(''))
/** Checks what must hold for every accepted target; enough of the generated ones must be accepted to mean something. */
function always(
  t: { ok(value: boolean, message: string): unknown },
  questions: fc.Arbitrary<{ path?: string; host?: string; scheme?: string }>,
  holds: (target: RequestTarget, asked: { host: string; scheme: string }) => void,
): void {
  let seen = 0
  const property = fc.property(questions, ({ path = '/', host = 'app.example.test', scheme = 'http' }) => {
    const target = read(path, host, scheme)
    if (typeof target === 'string') return
    seen++
    holds(target, { host, scheme })
  })
  fc.assert(property, { numRuns: 20_000 })
  t.ok(seen > 1_000, `${seen} accepted targets`)
}

/** Raw segments; the empty one behind a final slash is left out. */
function split(path: string): string[] {
  const segments = path.split('/').slice(1)
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments
}

/** A decoded path as programs see it that decode it again, normalise it, or do both in turn until nothing changes. */
function textsOf(path: string): Set<string> {
  const texts = new Set([path])
  for (const change of [(text: string) => text, (text: string) => text.normalize('NFKC')]) {
    for (let [text, before] = [path, '']; text !== before;) {
      before = text
      texts.add(change(text))
      text = decodeLeniently(change(text).replace(/%u([0-9a-f]{4})/gi, '%$1'))
      texts.add(text)
    }
  }
  return texts
}

void test('an accepted target reads alike in every parser', async (t) => {
  const anyPath = paths.map((path) => ({ path }))

  await t.test('path and query: as the plain split of RFC 3986 reads them', async (t) =>
    always(t, anyPath, (target) => {
      // RFC 3986, appendix B.
      const parts = /^(([^:/?#]+):)?(\/\/([^/?#]*))?([^?#]*)(\?([^#]*))?(#(.*))?$/.exec(urlOf(target))!
      const [, , scheme, , authority, path, query = '', , fragment] = parts
      deepStrictEqual(
        [scheme, authority, path, query, fragment],
        ['http', 'app.example.test', target.path, target.query, undefined],
      )
      deepStrictEqual(split(target.path).map(decodeLeniently), target.segments)
    }),
  )
  await t.test('path: as WHATWG URL reads it, without a dot segment resolved', async (t) =>
    always(t, anyPath, (target) => {
      const url = new URL(urlOf(target))
      deepStrictEqual([url.host, url.username, url.password, url.hash], ['app.example.test', '', '', ''])
      deepStrictEqual(split(url.pathname).map(decodeURIComponent), target.segments)
      const based = new URL(target.path + target.query, 'http://app.example.test')
      strictEqual(based.href, url.href, 'also when read against a base')
    }),
  )
  await t.test('path: the same when decoded twice, normalised, or cleaned', async (t) =>
    always(t, anyPath, (target) => {
      for (const segment of target.segments) {
        strictEqual(decodeLeniently(segment), segment)
        doesNotMatch(segment.normalize('NFKC'), /^[. ]*$|[/\\;]/)
        // oxlint-disable-next-line no-control-regex
        doesNotMatch(segment.normalize('NFKC'), /[\0-\x1f\x7f-\x9f]/)
      }
      const plain = `/${target.segments.join('/')}`
      strictEqual(posix.normalize(plain), plain)
    }),
  )
  await t.test(
    'path with escaped separators: no reading of it leaves the segment before, and each is told',
    async (t) => {
      let [seen, otherwise] = [0, 0]
      const property = fc.property(paths, (path) => {
        const given = { method: 'GET', scheme: 'http', host: 'app.example.test', target: path }
        const target = parseRequestTarget(given, allEscaped)
        if (typeof target === 'string') return
        seen++
        const told = new Set(otherReadings(target).map((segments) => JSON.stringify(segments)))
        if (told.size > 0) otherwise++
        told.add(JSON.stringify(target.segments))
        const read = new Set([JSON.stringify(target.segments)])
        for (const text of textsOf(target.segments.join('/'))) {
          // oxlint-disable-next-line no-control-regex
          doesNotMatch(text, /[\0-\x1f\x7f-\x9f]/, path)
          for (const cut of [text, text.replace(/[?#].*/s, '')]) {
            for (const parts of [cut.split('/'), cut.split(/[/\\]/)]) {
              for (const pieces of [parts, parts.map((part) => part.replace(/;.*/s, ''))]) {
                for (const piece of pieces) doesNotMatch(piece, /^[. ]+$/, path)
                read.add(JSON.stringify(pieces.at(-1) === '' ? pieces.slice(0, -1) : pieces))
                read.add(JSON.stringify(pieces.filter((piece) => piece !== '')))
              }
            }
          }
        }
        deepStrictEqual(told, read, path)
      })
      fc.assert(property, { numRuns: 20_000 })
      t.ok(seen > 1_000 && otherwise > 300, `${seen} paths, ${otherwise} with another reading`)
    },
  )
  await t.test('host: as WHATWG URL reads it, where that reads it at all', async (t) =>
    always(t, fc.record({ host: hosts, scheme: fc.constantFrom('http', 'https') }), (target, { host, scheme }) => {
      if (!URL.canParse(`${scheme}://${host}/`)) return
      const url = new URL(`${scheme}://${host}/`)
      // WHATWG keeps a trailing dot; the name is the same.
      strictEqual(url.host.replace(/\.(?=:|$)/, ''), target.authority)
      deepStrictEqual([url.username, url.pathname], ['', '/'])
    }),
  )
  await t.test('the split of an absolute URL adds nothing and loses nothing', async (t) => {
    let seen = 0
    const property = fc.property(hosts, paths, (host, path) => {
      const url = `http://${host}${path}`
      const parts = splitAbsoluteUrl(url)
      if (parts === undefined) return
      seen++
      strictEqual(`${parts.scheme}://${parts.host}${parts.target}`, url)
    })
    fc.assert(property, { numRuns: 20_000 })
    t.ok(seen > 1_000, `${seen} URLs were split`)
  })
})

void test('plain targets are accepted', async (t) => {
  const name = fc.stringMatching(/^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,20}$/)
  const text = fc.stringMatching(/^[a-zà-ÿα-ωЀ-я一-龥]{1,12}$/)
  const reads = (path: string, expected: Partial<RequestTarget>) => {
    const target = read(path)
    if (typeof target === 'string') throw new Error(`${path} was refused: ${target}`)
    for (const [key, value] of Object.entries(expected))
      deepStrictEqual(target[key as keyof RequestTarget], value, path)
  }

  await t.test('segments of unreserved characters, as they are', async (t) => {
    const property = fc.property(fc.array(name, { maxLength: 8 }), fc.boolean(), (segments, slash) => {
      const path = `/${segments.join('/')}${slash && segments.length > 0 ? '/' : ''}`
      reads(path, { path, segments, query: '' })
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 5_000 }))
  })
  await t.test('segments of letters in any script, percent-encoded', async (t) => {
    const property = fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (segments) =>
      reads(`/${segments.map(encodeURIComponent).join('/')}`, { segments }),
    )
    t.doesNotThrow(() => fc.assert(property, { numRuns: 5_000 }))
  })
  await t.test('any query of URL-encoded values', async (t) => {
    const values = fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' }), { maxKeys: 4 })
    const property = fc.property(values, (pairs) => {
      const query = `?${new URLSearchParams(pairs).toString()}`
      reads(`/search${query}`, { path: '/search', query, segments: ['search'] })
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 5_000 }))
  })
  await t.test('an escaped letter means the letter', async (t) =>
    t.match(read('/%61dmin/'), { segments: ['admin'], path: '/%61dmin/' }),
  )
  await t.test('host names keep their meaning whatever their case, dot or default port', async (t) => {
    for (const [host, scheme] of [
      ['app.example.test', 'http'],
      ['APP.Example.TEST', 'https'],
      ['app.example.test.', 'http'],
      ['app.example.test:80', 'http'],
      ['app.example.test:443', 'wss'],
      ['app.example.test:80', 'ws'],
    ] as const) {
      t.match(read('/', host, scheme), { authority: 'app.example.test' }, `${scheme}://${host}`)
    }
    t.match(read('/', 'app.example.test:443', 'http'), { authority: 'app.example.test:443' })
    t.match(read('/', '[::1]:8080'), { authority: '[::1]:8080' })
    t.match(read('/', '192.0.2.1'), { authority: '192.0.2.1' })
  })
  await t.test('every port that there is', async (t) => {
    for (const port of ['1', '81', '444', '65535']) {
      t.match(read('/', `app.example.test:${port}`), { authority: `app.example.test:${port}` }, port)
    }
    for (const port of ['0', '080', '65536', '99999', '100000', '-1', '']) {
      t.equal(read('/', `app.example.test:${port}`), 'ambiguous', port)
    }
  })
})

void test('of the characters that structure a path those may be escaped that are named, without a word ? and #', async (t) => {
  for (const escape of ['%3F', '%23', '%2F', '%5C', '%3B', '%2541']) {
    const byDefault = ['%3F', '%23'].includes(escape) ? { path: `/a${escape}b` } : 'ambiguous'
    t.match(read(`/a${escape}b`), byDefault, `${escape} where none is named`)
    const given = { method: 'GET', scheme: 'http', host: 'app.example.test', target: `/a${escape}b` }
    t.match(parseRequestTarget(given, allEscaped), { path: `/a${escape}b` }, `${escape} where all are`)
    t.equal(parseRequestTarget(given, []), 'ambiguous', `${escape} where the list is empty`)
  }
})

void test('what is not there, not text, or too long is refused', async (t) => {
  const whole = { method: 'GET', scheme: 'http', host: 'app.example.test', target: '/' }
  t.match(parseRequestTarget(whole), { path: '/' })
  for (const name of Object.keys(whole)) {
    for (const value of [undefined, '', ' ', '\r\n', '\0', 'a, b']) {
      t.equal(parseRequestTarget({ ...whole, [name]: value }), 'ambiguous', `${name}: ${JSON.stringify(value)}`)
    }
  }
  for (let code = 0; code <= 0xff; code++) {
    const character = String.fromCharCode(code)
    if (code <= 0x20 || code >= 0x7f) t.equal(read(`/a${character}b`), 'ambiguous', `raw byte ${code}`)
    const hex = `%${code.toString(16).padStart(2, '0')}`
    if (code < 0x20 || code >= 0x7f) t.equal(read(`/a${hex}b`), 'ambiguous', `escaped byte ${code}`)
  }
  for (const method of ['get', 'GET ', 'G/ET', 'GET\n', 'A'.repeat(33), '__proto__']) {
    t.equal(parseRequestTarget({ ...whole, method }), 'ambiguous', method)
  }
  for (const query of ['a b', 'a#b', 'é', 'a\tb', 'a\x7fb', 'a\0']) {
    t.equal(read(`/?${query}`), 'ambiguous', `?${JSON.stringify(query)}`)
  }
  for (const host of [
    '-app.test',
    'app-.test',
    'app..test',
    '.app.test',
    'app.test..',
    `${'a'.repeat(64)}.test`,
    '.',
  ]) {
    t.equal(read('/', host), 'ambiguous', host)
  }
  t.equal(read(`/${'a'.repeat(8_192)}`), 'too_long')
  t.match(read(`/${'a'.repeat(8_191)}`), { query: '' })
})

void test('a host that lower case alone would make ASCII is refused', (t) => {
  const kelvin = '\u212a'
  t.equal(kelvin.toLowerCase(), 'k')
  for (const host of [`${kelvin}iosk.example.test`, `app.example.test${kelvin}`]) t.equal(read('/x', host), 'ambiguous')
  t.type(read('/x', 'kiosk.example.test'), 'object')
  t.end()
})
