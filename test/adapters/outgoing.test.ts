/** What may be asked at the wish of strangers, and what comes of hosts that lie. */
import { test } from 'tap'
import { createOutgoing } from '../../src/adapters/outgoing.ts'
import { isPublicAddress } from '../../src/adapters/public-addresses.ts'
import { answerJson, startSite } from '../support/outgoing.ts'

const classes: Record<string, string[]> = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fdff::1'],
  'of the link': ['169.254.1.1', 'fe80::1', 'febf::1', 'fe80::1%eth0'],
  'of a site, as it once was': ['fec0::1'],
  'metadata services': ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '192.0.0.192', '168.63.129.16'],
  'shared by customers of a provider': ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  'broadcast and kept': ['255.255.255.255', '240.0.0.1', '192.0.0.1', '198.18.0.1', '192.0.2.1', '203.0.113.1'],
  'kept of IPv6': ['2001:db8::1', '3fff::1', '100::1', '4000::1', '2001:2::1', '2001:10::1'],
  'IPv4 in IPv6': ['::ffff:8.8.8.8', '::ffff:127.0.0.1', '::8.8.8.8', '::ffff:0:8.8.8.8'],
  NAT64: ['64:ff9b::8.8.8.8', '64:ff9b:1::10.0.0.1'],
  '6to4': ['2002:7f00:1::', '2002:808:808::1', '192.88.99.1'],
  Teredo: ['2001::1', '2001:0:7f00:1::'],
  'what is none': ['', 'localhost', '1.2.3', '0x7f.1'],
}

void test('an address is asked when it is one of the public internet', async (t) => {
  for (const [name, addresses] of Object.entries(classes)) {
    for (const address of addresses) t.equal(isPublicAddress(address), false, `${name}: ${address}`)
  }
  for (const address of ['8.8.8.8', '100.128.0.1', '172.32.0.1', '2606:4700::1', '2a00:1450:4001::1']) {
    t.equal(isPublicAddress(address), true, address)
  }
})

void test('a host that is none of the public internet is not connected to, whatever its name is', async (t) => {
  const site = await startSite(t)
  const asking = (allow: string[], found: string[] = ['127.0.0.1'], withinMilliseconds = 5_000) => {
    const resolve = async () => found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    const outgoing = createOutgoing({ allow, caFile: site.ca, resolve, withinMilliseconds })
    outgoing.open()
    return outgoing
  }
  const reasonOf = async (answer: Promise<{ kind: string; reason?: string }>) => (await answer).reason
  const { port } = site

  for (const [name, addresses] of Object.entries(classes)) {
    for (const address of addresses.filter((one) => /^[\da-f:.]+$/.test(one) && one !== '1.2.3')) {
      const host = address.includes(':') ? `[${address}]` : address
      t.equal(await reasonOf(asking([]).readJson(`https://${host}:${port}/`)), 'forbidden', `${name}: ${host}`)
      t.equal(await reasonOf(asking([], [address]).readJson(`https://named.test:${port}/`)), 'forbidden', address)
      t.equal(
        await reasonOf(asking([], ['8.8.8.8', address]).postForm(`https://named.test/`, {})),
        'forbidden',
        'one of two',
      )
    }
  }
  for (const spelling of ['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '%31%32%37.0.0.1', '127.0.0.1.']) {
    t.equal(await reasonOf(asking([]).readJson(`https://${spelling}:${port}/`)), 'forbidden', spelling)
  }
  for (const url of [
    `http://localhost:${port}/`,
    'ftp://localhost/',
    'file:///etc/passwd',
    `https://a:b@localhost:${port}/`,
    'x',
  ]) {
    t.equal(await reasonOf(asking(['localhost']).readJson(url)), 'address', url)
  }
  t.equal(await reasonOf(asking([], []).readJson('https://nowhere.test/')), 'unresolved')
  t.same(site.asked, [], 'nobody came')

  await t.test('outgoing.allow names a host, or a network', async (t) => {
    for (const allow of [['localhost'], ['LOCALHOST'], ['127.0.0.0/8'], ['127.0.0.1']] as [string][]) {
      t.same(await asking(allow).readJson(site.origin), { kind: 'read', value: {} }, allow[0])
    }
    t.equal(await reasonOf(asking(['10.0.0.0/8', 'other.test']).readJson(site.origin)), 'forbidden')
  })

  await t.test('the address that was judged is connected to, however often the name is moved', async (t) => {
    const answers = [['127.0.0.1'], ['10.0.0.1']]
    const moved = createOutgoing({
      allow: ['127.0.0.1'],
      caFile: site.ca,
      resolve: async () => (answers.shift() ?? []).map((address) => ({ address, family: 4 })),
    })
    moved.open()
    t.equal((await moved.readJson(site.origin)).kind, 'read')
    t.equal(await reasonOf(moved.readJson(site.origin)), 'forbidden')
    t.same(answers, [], 'asked once for each')
  })

  await t.test('nothing but JSON of 64 KiB is read, and no redirect is followed', async (t) => {
    const outgoing = asking(['localhost'])
    const reads = async (answer: typeof site.answer) => {
      site.answer = answer
      return reasonOf(outgoing.readJson(`${site.origin}/keys`))
    }
    t.equal(
      await reads(answerJson({ keys: [] }, 200, { 'content-type': 'application/jwk-set+json; charset=utf-8' })),
      undefined,
    )
    t.equal(await reads(answerJson('x'.repeat(65_600))), 'too_long')
    t.equal(await reads(answerJson({}, 200, { 'content-type': 'text/html' })), 'not_json')
    t.equal(await reads(answerJson({}, 200, { 'content-encoding': 'gzip' })), 'not_json')
    t.equal(
      await reads((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{')),
      'not_json',
    )
    t.equal(await reads(answerJson({}, 500)), 'status')
    const before = site.asked.length
    const away = answerJson({}, 302, { location: `${site.origin}/elsewhere` })
    t.equal(await reads(away), 'redirect')
    t.equal(await reasonOf(outgoing.postForm(site.origin, { secret: 'x' })), 'redirect')
    t.equal(site.asked.length, before + 2, 'the other place was not asked')
    t.equal(await reads((request) => request.socket.destroy()), 'unreachable')
    site.answer = answerJson({}, 400)
    t.same(await outgoing.postForm(`${site.origin}/out`, { a: 'b c' }), { kind: 'answered', status: 400 })
    t.match(site.asked.at(-1), { method: 'POST', path: '/out', body: 'a=b+c' })
    t.notOk(site.asked.at(-1)!.headers['cookie'])
  })

  await t.test('a certificate that nobody vouches for, or of another name, is refused', async (t) => {
    const stranger = createOutgoing({
      allow: ['127.0.0.1'],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    })
    t.equal(await reasonOf(stranger.readJson(site.origin)), 'certificate')
    t.equal(await reasonOf(asking(['127.0.0.1']).readJson(`https://other.test:${port}/`)), 'certificate')
  })

  await t.test('few ask one host at once, and nobody is waited for longer than there is time', async (t) => {
    let [now, most] = [0, 0]
    site.answer = (_request, response) => {
      most = Math.max(most, ++now)
      setImmediate(() => {
        now--
        answerJson({})(_request, response, '')
      })
    }
    const outgoing = asking(['localhost'])
    const all = await Promise.all(Array.from({ length: 12 }, () => outgoing.readJson(site.origin)))
    t.ok(all.every(({ kind }) => kind === 'read'))
    t.ok(most <= 4, `${most}`)
    site.answer = () => {}
    t.equal(await reasonOf(asking(['localhost'], ['127.0.0.1'], 200).readJson(site.origin)), 'late')
  })
})
