import * as fc from 'fast-check'
import { test } from 'tap'
import { canonicalDomain, type EmailFault, readEmail, spellingsOf } from '../../src/core/email.ts'

const emailOf = (written: string) => {
  const read = readEmail(written)
  return 'email' in read ? read.email : undefined
}
/** What was taken before domains could be written in other letters, and stored in lower case. */
const before =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i

const local = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}(\.[A-Za-z0-9]{1,8}){0,2}$/)
/** Letters of several scripts, capitals and decomposed ones, digits of other scripts, and what belongs into no name. */
const letters = fc.constantFrom(
  ...'aZ09-.xn--üÜßẞéøĲﬁΣςσЖжאבمنه中文日本ｅＣ。．①½K☃٠١२',
  ...['u\u0308', '\u200c', '\u200d', '\u200b', '\u00ad', '\u202e', '%41', '/', ':', '\n', '\ud800', '💩'],
)
/** Mostly names that there may be; some of them are too long. */
const plain = fc.oneof(
  fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?$/),
  fc.string({ unit: fc.constantFrom(...'büßéжΣ中é'), minLength: 1, maxLength: 30 }),
)
const label = fc.oneof(
  fc.string({ unit: letters, minLength: 1, maxLength: 12 }),
  fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,70}[a-zA-Z0-9])?$/),
  fc.string({ unit: fc.constantFrom(...'büéא'), minLength: 1, maxLength: 70 }),
  fc.string({ minLength: 1, maxLength: 8 }).map((text) => `xn--${text}`),
)
const domain = fc
  .oneof(
    fc.array(plain, { minLength: 2, maxLength: 6 }),
    fc.array(fc.oneof(plain, label), { minLength: 1, maxLength: 4 }),
  )
  .map((labels) => labels.join('.'))
const written = fc
  .tuple(fc.constantFrom('', ' ', '\t', '\u00a0', '\r\n'), local, domain, fc.constantFrom('', ' ', '\u3000', '\n'))
  .map(([left, name, host, right]) => `${left}${name}@${host}${right}`)

void test('what is taken for an address has one canonical form, which is the same read again', (t) => {
  let taken = 0
  fc.assert(
    fc.property(written, (text) => {
      const email = emailOf(text)
      if (email === undefined) return true
      taken++
      const isCanonical = email === emailOf(email) && email === email.toLowerCase() && before.test(email)
      // Also as people would write it, in capitals, and in letters with their marks apart.
      const spellings = spellingsOf(email).flatMap((one) => [one, one.normalize('NFD'), ` ${one}\u00a0`])
      return isCanonical && email.length <= 254 && spellings.every((spelling) => emailOf(spelling) === email)
    }),
    { numRuns: 5_000 },
  )
  t.ok(taken > 500, `${taken} of them`)
  t.end()
})

void test('an address that was stored before is its own canonical form, or of a domain that cannot exist', (t) => {
  let [kept, refused] = [0, 0]
  const ascii = fc.oneof(
    fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/),
    fc.constantFrom('xn--bcher-kva', '1'),
  )
  fc.assert(
    fc.property(local, fc.array(ascii, { minLength: 2, maxLength: 4 }), (name, labels) => {
      const stored = `${name}@${labels.join('.')}`.toLowerCase()
      if (!before.test(stored)) return true
      const email = emailOf(stored)
      if (email === undefined) refused++
      else kept++
      const cannotExist =
        /^(\d+|0x[\da-f]*)$/.test(labels.at(-1)!) || labels.some((one) => /^xn--(?!bcher-kva)/.test(one))
      return email === undefined ? cannotExist : email === stored
    }),
    { numRuns: 5_000 },
  )
  t.ok(kept > 1_000 && refused > 0)
  t.end()
})

void test('each spelling of a domain', (t) => {
  const same: Record<string, string[]> = {
    'user@xn--bcher-kva.example': [
      ...['user@bücher.example', 'user@bu\u0308cher.example', 'USER@BÜCHER.EXAMPLE', 'User@xn--Bcher-KVA.Example'],
      ...[' user@bücher.example', 'user@bücher.example\r\n', '\ufeffuser@bücher。example', 'user@ｂücher．example'],
    ],
    'ada@example.com': ['ada@ｅｘａｍｐｌｅ．ｃｏｍ', 'Ada@example。com', '\tada@EXAMPLE.com '],
    'ada@xn--fa-hia.example': ['ada@faß.example', 'ada@FAẞ.example'],
    'ada@fass.example': ['ada@FASS.example'],
    'ada@xn--mgba3gch31f060k.example': ['ada@نامه\u200cای.example'],
    'ada@xn--n3h.example': ['ada@☃.example'],
    'ada@xn--exmple-4nf.com': ['ada@exаmple.com'],
    "o'neil+tag@r3---sn.example.com": ["O'Neil+Tag@r3---sn.Example.com"],
  }
  for (const [email, spellings] of Object.entries(same)) {
    for (const spelling of [email, ...spellings]) t.same(readEmail(spelling), { email }, JSON.stringify(spelling))
  }
  const refused: [EmailFault, string[]][] = [
    ['no_address', ['', ' ', 'ada', '@', 'ada@', '@example.com', 'ada＠example.com']],
    [
      'local_part',
      ['jürgen@example.com', 'ⓐ@example.com', 'a b@example.com', '.a@example.com', 'a..b@example.com', '\u212a@a.de'],
    ],
    [
      'local_part',
      [
        'a@b@example.com',
        '"a b"@example.com',
        'a\0@example.com',
        '<a@example.com',
        '\ud800@example.com',
        '用户@例子.广告',
      ],
    ],
    [
      'invisible',
      ['a@bü\u200bcher.example', 'a@b\u00adc.example', 'a\u2060@example.com', 'a@ex\u202eample.com', 'a@\u3164.com'],
    ],
    // The host parser of URLs takes each of these for a host.
    ['domain', ['a@bücher.example/x', 'a@bücher.example?x', 'a@bücher.example#x', 'a@bücher.example:80', 'a@[::1]']],
    ['domain', ['a@b%C3%BCcher.example', 'a@%65xample.com', 'a@bü\ncher.example', 'a@exam\tple.com', 'a@exam ple.com']],
    ['domain', ['a@1.2', 'a@127.0.0.1', 'a@0x7f.1', 'a@x.0x', 'a@１２７.１', 'a@bücher.1', 'a@x.٠', 'a@2130706433']],
    [
      'domain',
      ['a@bücher.example.', 'a@bücher..example', 'a@.example', 'a@bücher', 'a@localhost', 'a@bü_cher.example'],
    ],
    [
      'domain',
      [
        'a@-bücher.example',
        'a@bücher-.example',
        'a@-x.example',
        'a@x-.example',
        'a@％41.example',
        'a@a／b.example',
        'a@a≠b.example',
        'a@xn--ab-miv.example',
      ],
    ],
    // Wrong A-labels: not decodable, of ASCII alone, of what would have been written otherwise.
    ['domain', ['a@xn--a.example', 'a@xn--.example', 'a@xn--abc-.example', 'a@xn--zn7c.com', 'a@xn--bcher-.example']],
    // BÜCHER, decomposed bücher, a space without width, a full-width b, Hebrew before Latin.
    ['domain', ['a@xn--bcher-2pa.example', 'a@xn--bucher-xyd.example', 'a@xn--example-1z6c.example']],
    ['domain', ['a@xn--tda1031k.example', 'a@xn--a-wic.example']],
    // A joiner and a direction where no name has them, halves of surrogates, what no name holds.
    [
      'domain',
      ['a@bü\u200dcher.example', 'a@אa.example', 'a@aא.example', 'a@\ud800.example', 'a@x.\udfff', 'a@\ufffd.example'],
    ],
    [
      'domain',
      [`a@${'x'.repeat(64)}.example`, `a@${'ü'.repeat(60)}.example`.replace(/ü+/, (run) => run + 'é'.repeat(9))],
    ],
    [
      'too_long',
      [
        `${'a'.repeat(243)}@example.com`,
        ` ${'a'.repeat(2_000)}@example.com`,
        `a@${'ü.'.repeat(40)}example`,
        `a@${'x'.repeat(100_000)}`,
      ],
    ],
  ]
  for (const [fault, spellings] of refused) {
    for (const spelling of spellings) {
      t.same(readEmail(spelling), { fault }, JSON.stringify(spelling.slice(0, 60)))
    }
  }
  t.same(readEmail(`${'a'.repeat(242)}@example.com`), { email: `${'a'.repeat(242)}@example.com` })
  t.equal(canonicalDomain('BÜCHER.example'), 'xn--bcher-kva.example')
  t.same(spellingsOf('user@xn--bcher-kva.example'), ['user@xn--bcher-kva.example', 'user@bücher.example'])
  t.same(spellingsOf('ada@example.com'), ['ada@example.com'])
  t.end()
})
