/** The operator's doctor finds nothing in what `proxy-config` prints, on every real proxy, and what is broken in it. */
import { test } from 'tap'
import { type Edit, hasProxy, type ProxyName, type Release } from '../support/proxies.ts'
import { examine } from '../support/examination.ts'

/** Every proxy that is there, and ways to break it that its own lines mend; doctor.test.ts has them all for nginx. */
const others: [ProxyName, Release, Record<string, Edit[]>][] = [
  ['nginx', 'packaged', {}],
  ['nginx', 'current', {}],
  ['caddy', 'packaged', { spoofable_spellings: [['\trequest_header -*_*\n', '']] }],
  ['caddy', 'current', { missing_headers: [[/^.*request_header X-Auth-Email .*\n/m, '']] }],
  ['haproxy', 'packaged', { spoofable_spellings: [[/^.*http-request del-header \[\^.*\n/m, '']] }],
  [
    'traefik',
    'current',
    {
      not_asked: [['        - auth-gatehouse\n', '']],
      missing_headers: [[/^ +- X-Auth-Email\n/m, '']],
    },
  ],
  [
    'envoy',
    'current',
    {
      spoofable_spellings: [[/^.*remove_on_match.*safe_regex.*\n/m, '']],
      missing_headers: [[/^ +- { exact: x-auth-email }\n/m, '']],
    },
  ],
]
for (const [name, release, ways] of others.filter(([name, release]) => hasProxy(name, release))) {
  void test(`the configuration that is printed for ${name} (${release}) gives no finding, and no check is left out`, async (t) => {
    const { findings, not_made: notMade, made, proxy } = await examine(t, { proxy: [name, release] })
    t.same(findings, [])
    t.same(notMade, [])
    t.equal(made.length, 18)
    t.equal(proxy, name)
    await t.test(
      'what a host’s settings need of the proxy is tried, and found where it was not printed anew',
      async (t) => {
        const encoded = ['slash', 'backslash', 'semicolon', 'percent', 'question-mark', 'hash']
        const { findings } = await examine(t, { proxy: [name, release], host: { encoded, forward: 'never' } })
        const seen = findings.map(({ finding, seen }) => `${finding}: ${seen}`)
        const refused = ['%2F', '%5C', '%3B'].map((escape) => `${escape} was answered 400 without a question`)
        // Envoy removes what the answer names, whatever it was told to take from there.
        const arrived = name === 'envoy' ? 'Cookie' : 'Cookie, Authorization, X-API-Key'
        const forwarded = `and credentials of ours reached the upstream: ${arrived}`
        t.same(seen, [
          ...(name === 'traefik'
            ? [`target_differs: the host takes escapes that do not arrive: ${refused.join('; ')}`]
            : []),
          `credentials_forwarded: the host says \`forward: never\`, ${forwarded}`,
        ])
        t.ok(findings.every(({ change }) => change.length === 1))
      },
    )
    for (const [finding, edits] of Object.entries(ways)) {
      await t.test(`broken, it is found: ${finding}`, async (t) => {
        const { names, findings } = await examine(t, { proxy: [name, release], edits })
        t.same(names, [finding])
        // Which proxy it is, is known from its questions.
        t.equal(findings[0]?.change.length, finding === 'not_asked' ? 5 : 1, 'with the line for this proxy alone')
      })
    }
  })
}
