/** `gatehouse proxy-config`: what it prints, and what it refuses. The real proxies run it in test/proxies. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { limits } from '../src/cli/proxy-configs/limits.ts'
import { questionAnswerKiB } from '../src/cli/proxy-configs/setup.ts'
import { commandLine, handedOn } from './support/program.ts'
import { scratchFolder } from './support/servers.ts'

const documented = (name: string) => readFileSync(new URL(`../docs/proxies/${name}`, import.meta.url), 'utf8')
const proxies = ['traefik', 'nginx', 'caddy', 'haproxy', 'envoy']
const rules = [{ allow: 'signed-in' }]

interface Run {
  hosts?: object
  /** Further sections of gatehouse.yaml. */
  sections?: object
  issuer?: string
  input?: string
  environment?: Record<string, string>
}
interface Finished {
  code: number
  stdout: string
  stderr: string
}

void test('proxy-config', async (t) => {
  const folder = scratchFolder(t)
  let files = 0
  const run = (args: string, { hosts, sections, issuer, input, environment }: Run = {}): Promise<Finished> =>
    new Promise((done) => {
      const config = join(folder, `${files++}.yaml`)
      writeFileSync(config, stringify({ hosts: hosts ?? { 'app.example.com': { rules } }, ...sections }))
      const env = {
        ...{ ...handedOn(), GATEHOUSE_CONFIG: config, GATEHOUSE_DATA_DIR: join(folder, 'data') },
        ...{ GATEHOUSE_ISSUER: issuer ?? 'https://auth.example.com', ...environment },
      }
      const child = execFile(
        process.execPath,
        commandLine('proxy-config', ...args.split(' ').filter(Boolean)),
        { env, cwd: folder },
        (error, stdout, stderr) => done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      )
      child.stdin?.on('error', () => {})
      child.stdin?.end(input ?? '')
    })
  const print = async (args: string, given: Run = {}): Promise<string> => {
    const { code, stdout, stderr } = await run(args, given)
    if (code !== 0) throw new Error(`${args}: ${code} ${stderr}`)
    return stdout
  }

  await t.test(
    'the table of limits has the values that are printed, each under the name that the proxy has for it',
    async (t) => {
      const [head = [], , ...rows] = documented('README.md')
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .map((line) =>
          line
            .split('|')
            .slice(1, -1)
            .map((cell) => cell.trim()),
        )
        .filter((_, at, all) => at >= all.findIndex(([name]) => name === 'limit'))
      const table = rows.slice(
        0,
        rows.findIndex(([name]) => name === 'proxy'),
      )
      const time = (seconds: number) => (seconds === 3_600 ? '1 h' : `${seconds} s`)
      t.same(
        table.map(([, value]) => value),
        [
          ...[
            `${limits.requestHeaderKiB} KiB`,
            `${limits.answerHeaderKiB} KiB`,
            `${questionAnswerKiB(['Cookie'])} KiB`,
          ],
          ...[time(limits.connectSeconds), time(limits.questionSeconds)],
          ...[time(limits.headerSeconds), time(limits.betweenRequestsSeconds)],
          ...[time(limits.silenceSeconds), time(limits.uploadSilenceSeconds), 'none', 'none'],
        ],
      )
      for (const [at, heading] of head.entries()) {
        const proxy = heading.toLowerCase()
        if (!proxies.includes(proxy)) continue
        const printed = (await print(proxy)) + (proxy === 'traefik' ? await print('traefik --part static') : '')
        const named = table.flatMap((row) => [...row[at]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!))
        t.ok(named.length > 2, heading)
        for (const name of named) t.ok(printed.includes(name), `${heading}: ${name}`)
      }
    },
  )

  await t.test('the documented configurations are what is printed', async (t) => {
    for (const [args, name] of [
      ['nginx', 'nginx.conf'],
      ['caddy', 'Caddyfile'],
      ['haproxy', 'haproxy.cfg'],
      ['haproxy --part lua', 'gatehouse.lua'],
      ['traefik', 'traefik-dynamic.yml'],
      ['traefik --part static', 'traefik-static.yml'],
      ['envoy', 'envoy.yaml'],
    ] as const) {
      t.equal(await print(args), documented(name), name)
    }
    const { text, ...rest } = JSON.parse(await print('haproxy --part lua --json'))
    t.same(rest, { proxy: 'haproxy', part: 'lua' })
    t.equal(text, documented('gatehouse.lua'))
    t.notOk(readdirSync(folder).includes('data'), 'no secret was made for it')
  })

  await t.test('every host is there with its own headers, wherever the parts listen', async (t) => {
    const hosts = {
      'App.example.com.:8443': { rules },
      'wiki.example.com:8443': { headers: 'remote', rules },
      '*.shop.example.com:8443': { headers: { subject: 'X-User-Id' }, authorization: 'assertion', rules },
      'elsewhere.example.com': { rules },
    }
    const given = { hosts, issuer: 'https://auth.example.com:8443' }
    const parts = '--gatehouse gatehouse.internal:3100 --upstream http://app.internal:9000'
    const printed = await Promise.all(proxies.map((proxy) => run(`${proxy} ${parts}`, given)))
    const others: Record<string, string> = {
      haproxy: await print(`haproxy --part lua ${parts}`, given),
      traefik: await print(`traefik --part static ${parts}`, given),
    }
    for (const [at, proxy] of proxies.entries()) {
      const { stdout, stderr } = printed[at]!
      const text = (stdout + (others[proxy] ?? '')).toLowerCase()
      for (const part of ['gatehouse.internal', '3100', 'app.internal', '9000', '8443', 'auth.example.com']) {
        t.match(text, part, `${proxy}: ${part}`)
      }
      for (const host of ['app.example.com', 'wiki.example.com', 'shop']) t.match(text, host, `${proxy}: ${host}`)
      for (const name of ['x-auth-subject', 'remote-user', 'x-user-id', 'authorization'])
        t.match(text, name, `${proxy}: ${name}`)
      t.notMatch(text, 'elsewhere.example')
      t.match(stderr, 'elsewhere.example.com is on another port')
    }
  })

  await t.test('what a user name holds is no business of the proxy’s', async (t) => {
    const printed = (headers: unknown) => print('nginx', { hosts: { 'app.example.com': { headers, rules } } })
    const text = await printed({ preset: 'remote', user: 'email' })
    t.equal(text, await printed('remote'))
    const variables = [...text.matchAll(/auth_request_set (\$told_\w+) \$upstream_http_(\w+);/g)].map((set) => set[1])
    t.equal(variables.length, 5)
    t.equal(new Set(variables).size, 5, 'each header has a variable of its own')
  })

  await t.test('each host goes to the application that is named for it', async (t) => {
    const wiki = { headers: 'remote', rules }
    const shop = { headers: { subject: 'X-User-Id' }, authorization: 'assertion', rules }
    const hosts = { 'app.example.com': { rules }, 'wiki.example.com': wiki, '*.shop.example.com': shop }
    const upstreams =
      '--upstream wiki.example.com=http://wiki.internal --upstream *.shop.example.com=http://10.0.0.9:8081'
    for (const proxy of proxies) {
      const { stdout, stderr } = await run(`${proxy} ${upstreams} --upstream http://app.internal:9000`, {
        hosts,
        environment: { GATEHOUSE_COOKIE_DOMAIN: 'example.com' },
      })
      t.equal(stderr, '', proxy)
      for (const [host, port] of [
        ['app.internal', 9000],
        ['wiki.internal', 80],
        ['10.0.0.9', 8081],
      ]) {
        t.match(stdout, new RegExp(`${host}"?(:|, port_value: )${port}`), `${proxy}: ${host}`)
      }
    }
    const refusals: [args: string, code: number, says: RegExp][] = [
      ['--upstream blog.example.com=http://x', 1, /--upstream: blog.example.com is no host of gatehouse.yaml/],
      ['--upstream http://x --upstream http://y', 2, /--upstream: the URL for all hosts is given twice/],
      ['--upstream a=http://x --upstream a=http://y', 2, /--upstream: a is given twice/],
      ['--upstream a=https://x', 2, /--upstream: expected \[HOST=\]URL/],
      ['--upstream =http://x', 2, /--upstream: expected \[HOST=\]URL/],
      ['--upstream wiki.example.com=x', 2, /--upstream: expected \[HOST=\]URL/],
    ]
    for (const [args, code, says] of refusals) {
      const refused = await run(`caddy ${args}`, { hosts })
      t.same([refused.code, refused.stdout], [code, ''], args)
      t.match(refused.stderr, says, args)
    }
  })

  await t.test('a host that no session cookie reaches is named', async (t) => {
    const hosts = { 'app.example.com': { rules }, 'app.example.org': { rules }, '*.example.com': { rules } }
    const outside = await run('caddy', { hosts, environment: { GATEHOUSE_COOKIE_DOMAIN: 'example.com' } })
    t.match(outside.stderr, /^gatehouse: app\.example\.org is outside GATEHOUSE_COOKIE_DOMAIN \(example\.com\).*\n$/)
    const none = await run('caddy', { hosts })
    t.equal(none.stderr.match(/set GATEHOUSE_COOKIE_DOMAIN/g)?.length, 3)
    const local = { hosts: { 'localhost:8080': { rules } }, issuer: 'http://localhost:3000' }
    t.equal((await run('caddy', local)).stderr, '', 'cookies know no ports')
  })

  await t.test('no host is left a header by which another one is told who it is', async (t) => {
    const hosts = {
      'app.example.com': { headers: { subject: 'X-User-Id' }, rules },
      'wiki.example.com': { headers: { subject: 'X-Wiki-User' }, authorization: 'assertion', rules },
      'elsewhere.example.com:8443': { headers: { subject: 'X-Elsewhere' }, rules },
    }
    const told = ['X-User-Id', 'X-Wiki-User', 'X-Elsewhere', 'X-Auth-Subject', 'Remote-User', 'X-Auth-Request-User']
    const claimed = ['Client-IP', 'True-Client-IP', 'X-Original-Host', 'X-Forwarded-Scheme', 'X-Forwarded-Ssl', 'Proxy']
    /** How often each says that a header is taken away: nginx for each host, the others once for all. */
    const written: Record<string, (name: string) => [line: string, times: number]> = {
      traefik: (name) => [`\n          ${name}: ""\n`, 1],
      caddy: (name) => [`request_header -${name}\n`, 1],
      haproxy: (name) => [`http-request del-header ${name}\n`, 1],
      envoy: (name) => [`- remove: ${name.toLowerCase()}\n`, 1],
      nginx: (name) => [`proxy_set_header ${name} "";\n`, ['X-User-Id', 'X-Wiki-User'].includes(name) ? 1 : 2],
    }
    for (const proxy of proxies) {
      const text = await print(proxy, { hosts })
      for (const name of [...told, ...claimed]) {
        const [line, times] = written[proxy]!(name)
        t.equal(text.split(line).length - 1, times, `${proxy}: ${name}`)
      }
    }
    for (const name of ['Client-IP', 'X-Real-IP', 'Proxy', 'X-Edge-Secret', 'X-Rewrite-URL']) {
      const { code, stderr } = await run('nginx', {
        hosts: { 'app.example.com': { headers: { subject: name }, rules } },
      })
      t.equal(code, 1, name)
      t.match(stderr, /hosts\.app\.example\.com\.headers: subject: the header has a meaning of its own/)
    }
  })

  await t.test('the edge secret goes into the question, and is taken from everything else', async (t) => {
    const secret = 'q6jvUxYh3mXSdY6wQ1m0+/=_-'
    const all = [...proxies, 'haproxy --part lua']
    const given = { input: `${secret}\n` }
    const printed = await Promise.all(all.map((proxy) => print(`${proxy} --edge-secret-stdin`, given)))
    for (const [at, proxy] of all.entries()) {
      const text = printed[at]!
      if (proxy === 'haproxy') t.notMatch(text, secret)
      else t.equal(text.split(secret).length - 1, 1, `${proxy}: once`)
      t.match(text, /x-edge-secret/i)
    }
    // Before the question a client's own goes, and after it the edge's: no application gets either.
    const taken: Record<string, [line: string, times: number]> = {
      traefik: ['X-Edge-Secret: ""\n', 2],
      caddy: ['request_header -X-Edge-Secret\n', 1],
      haproxy: ['http-request del-header X-Edge-Secret\n', 1],
      envoy: ['- remove: x-edge-secret\n', 1],
      nginx: ['proxy_set_header X-Edge-Secret "";\n', 3],
    }
    for (const [at, proxy] of proxies.entries()) {
      const [line, times] = taken[proxy]!
      t.equal(printed[at]!.split(line).length - 1, times, `${proxy}: ${line}`)
    }
    const unfit = ['', 'short', `${secret}"`, `${secret} x`, `${secret}\n${secret}`, `${secret}é`]
    const refused = await Promise.all(unfit.map((input) => run('nginx --edge-secret-stdin', { input })))
    for (const [at, bad] of unfit.entries()) {
      const { code, stdout, stderr } = refused[at]!
      t.same([code, stdout], [1, ''])
      t.match(stderr, 'the edge secret: expected 16 to 256')
      if (bad !== '') t.notMatch(stderr, bad)
    }
  })

  await t.test(
    'certificates of clients are told with the edge secret, where the proxy ends TLS, or not at all',
    async (t) => {
      const input = 'q6jvUxYh3mXSdY6wQ1m0'
      const edges = [{ networks: ['127.0.0.1/32'], secret_sha256: ['0'.repeat(64)] }]
      const tells = (change: object = {}) => ({
        input,
        sections: { proxies: { edges }, client_certificates: { enabled: true, ...change } },
      })
      const header = 'X-Forwarded-Tls-Client-Cert'
      const words: Record<string, RegExp> = {
        nginx: /\$ssl_client_escaped_cert/,
        caddy: /mode request/,
        haproxy: /verify optional/,
        traefik: /RequestClientCert/,
        envoy: /ACCEPT_UNTRUSTED/,
      }
      for (const proxy of proxies) {
        const secret = `${proxy} --edge-secret-stdin`
        t.match(await print(secret, tells({ header })), words[proxy]!, proxy)
        t.notMatch(await print(secret, { input }), words[proxy]!, `${proxy}: it is off`)
        if (proxy !== 'traefik') t.notMatch(await print(`${secret} --listen 8080`, tells({ header })), words[proxy]!)
        const refused = await run(proxy, tells({ header }))
        t.match([refused.code, refused.stderr], [1, /client_certificates needs --edge-secret-stdin/], proxy)
      }
      const refusals: [args: string, change: object, says: RegExp][] = [
        ['traefik', {}, /Traefik tells certificates as X-Forwarded-Tls-Client-Cert alone/],
        ['traefik --part labels --gatehouse gatehouse:3000 --upstream http://app', { header }, /--part dynamic alone/],
        [
          'traefik --part gateway --gatehouse g.auth:3000 --upstream http://app.apps',
          { header },
          /--part dynamic alone/,
        ],
        ['nginx', { host: 'app.example.com' }, /app\.example\.com is a host of the service itself/],
      ]
      for (const [args, change, says] of refusals) {
        const { code, stdout, stderr } = await run(`${args} --edge-secret-stdin`, tells(change))
        t.same([code, stdout], [1, ''], args)
        t.match(stderr, says, args)
      }
    },
  )

  await t.test('Traefik’s and Envoy’s are sound YAML that denies when in doubt', async (t) => {
    const hosts = { 'app.example.com': { rules }, '*.shop.example.com': { headers: 'remote', rules } }
    const { http } = parse(await print('traefik', { hosts }))
    const names = Object.keys(http.routers)
    t.same(names, [
      ...['gatehouse', 'service-gatehouse', 'service-remote'],
      ...['app-gatehouse', 'app-gatehouse-websocket', 'app-remote-wildcard', 'app-remote-wildcard-websocket'],
    ])
    t.equal(http.routers['app-remote-wildcard'].rule, 'HostRegexp(`^[^.]+\\.shop\\.example\\.com$`)')
    for (const [at, name] of names.slice(3).entries()) {
      const [clean, upgrade, auth] = http.routers[name].middlewares
      t.same([clean, upgrade], ['clean', at % 2 === 0 ? 'no-upgrade' : 'websocket'])
      const { forwardAuth } = http.middlewares[auth]
      t.equal(forwardAuth.trustForwardHeader, false)
      const removed = new Set(Object.keys(http.middlewares[clean].headers.customRequestHeaders))
      for (const header of forwardAuth.authResponseHeaders) {
        for (const spelling of [header, header.replaceAll('-', '_')]) t.ok(removed.has(spelling), spelling)
      }
    }
    const { edge } = parse(await print('traefik --part static', { hosts })).entryPoints
    t.equal(edge.http.aliasHeadersStrategy, 'delete')
    const [listener] = parse(await print('envoy', { hosts })).static_resources.listeners
    const manager = listener.filter_chains[0].filters[0].typed_config
    const [authz] = manager.http_filters
    t.match(authz.typed_config, { failure_mode_allow: false, clear_route_cache: false })
    t.match(manager, { normalize_path: false, use_remote_address: true })
    t.equal(manager.common_http_protocol_options.headers_with_underscores_action, 'DROP_HEADER')
    const removed = new Set(
      manager.early_header_mutation_extensions[0].typed_config.mutations.map((one: any) => one.remove),
    )
    const { patterns } = authz.typed_config.http_service.authorization_response.allowed_upstream_headers
    for (const { exact } of patterns) t.ok(removed.has(exact), exact)
    t.same(
      manager.route_config.virtual_hosts.map((host: any) => host.domains[0]),
      ['*', 'auth.example.com', 'app.example.com', '*.shop.example.com'],
    )
  })

  await t.test('on Traefik an exact host comes before a wildcard, and the issuer is no application', async (t) => {
    const hosts = {
      '*.a-rather-long-name.example.com': { rules },
      'a.a-rather-long-name.example.com': { headers: 'remote', rules },
      '*.example.com': { rules },
      'app.example.com': { rules },
    }
    const { routers } = parse(await print('traefik', { hosts })).http
    const priority = (name: string) => Number(routers[name].priority)
    t.ok(priority('app-remote') > priority('app-gatehouse-wildcard-websocket'))
    t.ok(priority('gatehouse') > priority('app-gatehouse-websocket'))
    for (const suffix of ['', '-wildcard']) {
      t.ok(priority(`app-gatehouse${suffix}-websocket`) > priority(`app-gatehouse${suffix}`))
    }
    t.match(routers['app-gatehouse-wildcard'].rule, /^\(.*\) && !Host\(`auth\.example\.com`\)$/)
    t.notMatch(routers['app-gatehouse'].rule, 'auth.example.com')
  })

  await t.test('Traefik’s routes are the same as labels and as objects, each beside its application', async (t) => {
    const hosts = { 'app.example.com': { rules }, 'wiki.example.com': { headers: 'remote', rules } }
    const file = parse(await print('traefik', { hosts })).http
    const containers = '--gatehouse gatehouse:3000 --upstream http://app:8080 --upstream wiki.example.com=http://wiki'
    const { services } = parse(await print(`traefik --part labels ${containers}`, { hosts }))
    t.same(Object.keys(services), ['traefik', 'gatehouse', 'app', 'wiki'])
    t.ok(services.traefik.command.includes('--entryPoints.edge.http.aliasHeadersStrategy=delete'))
    const ruleOf = (name: string, router: string) => services[name].labels[`traefik.http.routers.${router}.rule`]
    t.equal(ruleOf('gatehouse', 'gatehouse'), file.routers.gatehouse.rule)
    t.equal(ruleOf('app', 'app-gatehouse'), file.routers['app-gatehouse'].rule)
    t.equal(ruleOf('wiki', 'app-remote-app-wiki-80'), 'Host(`wiki.example.com`)')
    t.match(ruleOf('wiki', 'app-remote-app-wiki-80-websocket'), '^websocket$$', 'as Compose wants it')

    const pods =
      '--gatehouse gatehouse.auth:3000 --upstream http://app.apps:8080 --upstream wiki.example.com=http://wiki.docs'
    for (const part of ['ingressroute', 'gateway']) {
      const text = await print(`traefik --part ${part} ${pods}`, { hosts })
      t.match(text, '--entryPoints.edge.http.aliasHeadersStrategy=delete')
      const objects = parseAllDocuments(text).map((document) => document.toJS())
      const kind = part === 'gateway' ? 'HTTPRoute' : 'IngressRoute'
      const routes = objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.namespace)
      t.same([...new Set(routes)], ['auth', 'apps', 'docs'])
      for (const namespace of ['auth', 'apps', 'docs']) {
        const own = objects.filter((object) => object.kind === 'Middleware' && object.metadata.namespace === namespace)
        t.same(
          own.map(({ metadata, spec }) => [metadata.name, spec]),
          Object.entries(file.middlewares).map(([name, settings]: [string, any]) => [
            `gatehouse-${name}`,
            settings.forwardAuth === undefined
              ? settings
              : {
                  forwardAuth: { ...settings.forwardAuth, address: 'http://gatehouse.auth:3000/forward-auth/traefik' },
                },
          ]),
          `${part}: ${namespace}`,
        )
      }
    }
  })

  await t.test('what does not fit is refused, by name', async (t) => {
    const refusals: [args: string, code: number, says: RegExp, given?: Run][] = [
      ['', 2, /expected <proxy>/],
      ['apache', 2, /expected one of traefik, nginx, caddy, haproxy, envoy/],
      ['toString', 2, /expected one of/],
      ['nginx caddy', 2, /expected <proxy>/],
      ['nginx --part lua', 2, /--part: nginx has conf/],
      ['nginx --listen 0', 2, /--listen: expected a port/],
      ['nginx --listen 70000', 2, /--listen: expected a port/],
      ['nginx --gatehouse a;b:3000', 2, /--gatehouse: expected HOST:PORT/],
      ['nginx --upstream https://x', 2, /--upstream: expected \[HOST=\]URL, an http:\/\/ URL/],
      ['nginx --upstream http://x/path', 2, /--upstream: expected \[HOST=\]URL/],
      ['nginx --upstream http://x;y', 2, /--upstream: expected HOST:PORT/],
      ['nginx --unknown', 2, /unknown/],
      ['nginx', 1, /lists no hosts/, { hosts: {} }],
      ['nginx', 1, /issuer's own host/, { hosts: { 'auth.example.com': { rules } } }],
      ['nginx', 1, /expected a host name/, { hosts: { 'a;b': { rules } } }],
      ['traefik --listen 8080', 1, /ends TLS itself/],
      ['traefik --part labels', 1, /127\.0\.0\.1 is no container/],
      ['traefik --part labels --gatehouse gatehouse:3000', 1, /127\.0\.0\.1 is no container/],
      ['traefik --part ingressroute', 1, /127\.0\.0\.1 is no SERVICE\.NAMESPACE/],
      ['traefik --part gateway --gatehouse gatehouse:3000', 1, /gatehouse is no SERVICE\.NAMESPACE/],
      ['nginx', 1, /HOST|PORT/, { environment: { PORT: 'x' } }],
    ]
    const all = await Promise.all(refusals.map(([args, , , given]) => run(args, given)))
    for (const [at, [args, code, says]] of refusals.entries()) {
      const finished = all[at]!
      t.same([finished.code, finished.stdout], [code, ''], args)
      t.match(finished.stderr, says, args)
    }
  })

  await t.test('where something else ends TLS, plain HTTP is listened to and https is judged', async (t) => {
    for (const proxy of ['nginx', 'caddy', 'haproxy', 'envoy']) {
      const text = await print(`${proxy} --listen 8080`)
      t.match(text, /8080/, proxy)
      t.notMatch(text, '/etc/gatehouse/tls', proxy)
      const lua = proxy === 'haproxy' ? await print('haproxy --part lua --listen 8080') : ''
      t.match((text + lua).toLowerCase(), /x-forwarded-proto\W.*https|x-original-url https/, proxy)
    }
  })
})
