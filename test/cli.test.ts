import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { createDatabase, hasServers, redisUrlOf } from './support/backends.ts'
import { commandLine, type Environment, handedOn, prepareData, run, type Running, serve } from './support/program.ts'
import { testSecret } from './support/secrets.ts'
import { freePort, scratchFolder } from './support/servers.ts'
import { asks, bearer } from './support/service.ts'
import { startStopwatch, until } from './support/patience.ts'

const password = 'seven quiet herons at dawn'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
const logIn = (service: Running, email: string) =>
  service.call('/api/auth/login', { method: 'POST', json: { email, password, token_delivery: 'body' } })

void test('an embedded service and its commands, on one data directory', async (t) => {
  const folder = scratchFolder(t)
  const data = join(folder, 'data')
  // One address over restarts, as behind a proxy: tokens name it.
  const issuer = 'http://auth.example.test'
  const environment = { GATEHOUSE_DATA_DIR: data, GATEHOUSE_ISSUER: issuer }
  const gatehouse = (line: string, input?: string) => run(folder, line.split(' '), environment, input)
  const json = async (line: string, input?: string) => {
    const { code, stdout, stderr } = await gatehouse(`${line} --json`, input)
    if (code !== 0) throw new Error(`${line}: ${code} ${stderr}`)
    return JSON.parse(stdout)
  }
  const boss = 'boss@example.test'

  await t.test('a command works while no service runs', async (t) => {
    const created = await json(`user create --email ${boss} --name Boss --role admin --password-stdin`, `${password}\n`)
    t.match(created, { email: boss, name: 'Boss', roles: ['admin'], status: 'active', email_verified: true })
    t.notMatch(JSON.stringify(created), /hash|argon/)
    t.notOk(existsSync(join(data, 'control.sock')), 'and lets go of the directory')
  })
  /** The role stays, which `DELETE /users/../roles/kept` would end once its path were folded. */
  const dotsLeadNowhere = async (t: Test) => {
    await json('role create kept')
    for (const line of ['user revoke-role .. kept', 'role create ..', 'role create .', 'client show ..']) {
      const { code, stderr } = await gatehouse(line)
      t.equal(code, 1, line)
      t.match(stderr, /named "\." or "\.\."|not just dots/, line)
    }
    t.match(await json('role delete kept'), { deleted: true })
  }
  await t.test('a name of dots leads to no other task while no service runs', dotsLeadNowhere)

  const whole = t
  let service = await serve(whole, folder, environment)
  await t.test('serve says where it is and what to do next', (t) => {
    const { stderr } = service.said
    t.match(stderr, `${issuer}\n`)
    t.match(stderr, `${issuer}/docs`)
    t.match(service.said.stdout, `127.0.0.1:${service.port}`)
    t.notMatch(stderr, 'First administrator', 'there is one')
    t.match(stderr, join(data, 'outbox'))
    for (const line of service.said.stdout.trim().split('\n')) t.type(JSON.parse(line).msg, 'string', 'JSON lines')
    t.end()
  })
  await t.test('what it keeps is for its owner alone', (t) => {
    t.equal(modeOf(data), '700')
    t.equal(modeOf(join(data, 'secret')), '600')
    t.equal(modeOf(join(data, 'control.sock')), '600')
    const secret = readFileSync(join(data, 'secret'), 'utf8').trim()
    t.equal(Buffer.from(secret, 'base64').length, 32)
    t.notMatch(service.said.stdout + service.said.stderr, secret)
    t.end()
  })
  await t.test('a port that is taken is named, with what to do', async (t) => {
    const second = { GATEHOUSE_DATA_DIR: join(folder, 'second'), PORT: String(service.port) }
    prepareData(second.GATEHOUSE_DATA_DIR)
    const { code, stderr } = await run(folder, ['serve'], second)
    t.match(
      [code, stderr],
      [1, `gatehouse: PORT: another program listens on ${service.port} already; stop it, or choose another PORT\n`],
    )
    const { code: elsewhere, stderr: said } = await run(folder, ['serve'], { ...second, HOST: '192.0.2.1' })
    t.match([elsewhere, said], [1, /^gatehouse: HOST: this machine has no such address; .*\n$/])
  })
  await t.test('a second service on the directory is refused, and told why', async (t) => {
    const port = String(await freePort())
    const second = await run(folder, ['serve'], { ...environment, PORT: port })
    t.equal(second.code, 1)
    t.match(second.stderr, /another process is using this data directory \(GATEHOUSE_DATA_DIR\)/)
    t.notMatch(second.stderr, /\n\s+at /, 'no stack')
    t.equal((await service.call('/health/ready')).status, 200)
  })
  await t.test('a command reaches the running service, and acts at once', async (t) => {
    const ada = 'ada@example.test'
    await json(`user create --email ${ada} --name Ada --password-stdin`, password)
    const signedIn = await logIn(service, ada)
    t.equal(signedIn.status, 200)
    t.equal((await logIn(service, boss)).status, 200, 'and what was made before it ran is there')
    const me = async () => service.call('/api/users/me', { headers: bearer(signedIn.json().access_token) })
    const unknown = await run(folder, ['user', 'grant-role', ada, 'editor'], environment)
    t.match(
      [unknown.code, unknown.stderr],
      [1, /No such role can be granted\. There are: admin\. `role create` makes one/],
    )
    const create = ['user', 'create', '--email', 'eve@example.test', '--name', 'Eve', '--role', 'admn']
    const misspelt = await run(folder, create, environment)
    t.match([misspelt.code, misspelt.stderr], [1, /No such role .*There are: admin/])
    t.notMatch(JSON.stringify(await json('user list')), 'eve@example.test', 'nothing is half done')
    await json('role create editor --permission reports:write --permission reports:read')
    t.match(await json(`user grant-role ${ada} editor`), { roles: ['editor'] })
    t.match((await me()).json(), { roles: ['editor'], permissions: ['reports:read', 'reports:write'] })
    const again = await gatehouse('role create editor --permission x:y')
    t.match([again.code, again.stderr], [1, /such a role already/])
    t.match((await me()).json(), { permissions: ['reports:read', 'reports:write'] }, 'and nothing was taken away')
    t.match(await json('role set-permissions editor --permission a:b'), { name: 'editor', permissions: ['a:b'] })
    t.match((await me()).json(), { permissions: ['a:b'] })
    const absent = await gatehouse('role set-permissions absent --permission a:b')
    t.match([absent.code, absent.stderr], [1, /no such role/])
    t.match(await json('role delete editor'), { role: 'editor', deleted: true, users: 1 })
    t.match((await me()).json(), { roles: [], permissions: [] })
    const gone = await run(folder, ['role', 'delete', 'editor'], environment)
    t.match([gone.code, gone.stderr], [1, /There is no such role/])
    t.match(await json(`user disable ${ada}`), { status: 'disabled' })
    t.equal((await me()).status, 401)
    t.match(await json(`user set-password ${boss} --password-stdin`, `another ${password}\n`), { email: boss })
    t.equal((await logIn(service, boss)).status, 401, 'the old password is void')
    const ending = `user set-password ${boss} --password-stdin --api-keys`
    t.match(await json(ending, password), { email: boss, ended_api_keys: 0, api_keys_left: 0 })
  })
  await t.test('a rotation says when it takes effect, and an emergency what is left to do', async (t) => {
    const planned = await run(folder, ['keys', 'rotate'], environment)
    t.equal(planned.code, 0, planned.stderr)
    t.match(planned.stdout, /^kid +alg +status .*\n\nThe next keys sign from \d{4}-\d\d-\d\dT[\d:.]+Z on, when /s)
    const active = (await json('keys list')).find(({ status }: { status: string }) => status === 'active')
    const ended = await run(folder, ['keys', 'rotate', '--compromised', '--kid', active.kid], environment)
    t.equal(ended.code, 0, ended.stderr)
    t.match(ended.stdout, 'Nothing that an ended key signed counts here any more')
    t.equal((await service.call('/health/ready')).status, 200)
    const { keys, notice } = await json('keys rotate --compromised')
    t.match(notice, 'GATEHOUSE_SECRET must be replaced as well')
    t.match(
      keys
        .map(({ status }: { status: string }) => status)
        .toSorted()
        .slice(0, 2),
      ['active', 'next'],
    )
  })
  await t.test('nor while one runs', dotsLeadNowhere)
  await t.test('a client’s secret is shown once and works', async (t) => {
    const client = await json('client create --id reports-job --name Reports --grant client_credentials --scope a:b')
    t.match(client, { client_id: 'reports-job', client_secret: /^[\w-]{43}$/, scopes: ['a:b'] })
    const form = { grant_type: 'client_credentials', client_id: 'reports-job', client_secret: client.client_secret }
    t.equal((await service.call('/oauth/token', { method: 'POST', form })).status, 200)
    const [listed] = await json('client list')
    t.match(listed, { client_id: 'reports-job', name: 'Reports' })
    t.notOk('client_secret' in listed)
  })
  await t.test('a client may have public keys instead of a secret, from a file', async (t) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const write = (name: string, content: string) => (writeFileSync(join(folder, name), content), name)
    const set = (key: KeyObject) => JSON.stringify({ keys: [key.export({ format: 'jwk' })] })
    const create = (file: string) => `client create --name Signer --grant client_credentials --jwks-file ${file}`
    const client = await json(create(write('public.json', set(publicKey))))
    t.match(client, { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'EC' }] } })
    t.notOk('client_secret' in client)
    t.match(await json(`client set-jwks ${client.client_id} --jwks-file public.json`), { jwks: { keys: [{}] } })
    const { d } = privateKey.export({ format: 'jwk' })
    const faults: [file: string, reason: RegExp][] = [
      [write('private.json', set(privateKey)), /jwks key 1 holds a secret/],
      [write('broken.json', '{"d":"hunter2'), /not valid JSON/],
      ['absent.json', /cannot be read \(ENOENT\)/],
    ]
    for (const [file, reason] of faults) {
      const { code, stdout, stderr } = await gatehouse(create(file))
      t.match([code, stderr], [1, reason])
      t.notOk([d!, 'hunter2'].some((secret) => (stdout + stderr).includes(secret)))
    }
  })
  await t.test('an API key of a client is shown once, works, and ends when it is revoked', async (t) => {
    const expires = new Date(Date.now() + 86_400_000).toISOString()
    const line = `api-key create --client reports-job --name Edge --scope a:b --expires-at ${expires}`
    const { key, id } = await json(line)
    t.match(key, /^ghk_[\w-]{49}$/)
    const listed = await json('api-key list --client reports-job')
    t.match(listed, [{ id, owner: 'reports-job', name: 'Edge', scopes: ['a:b'], expires_at: expires }])
    t.notMatch(JSON.stringify(listed), key)
    t.same(await json('api-key list --all'), listed)
    const me = async () => (await service.call('/api/users/me', { headers: bearer(key) })).status
    t.equal(await me(), 403, 'a program')
    t.same(await json(`api-key revoke ${id}`), { revoked: true })
    t.equal(await me(), 401)
    const again = await gatehouse(`api-key revoke ${id}`)
    t.match([again.code, again.stderr], [1, /no such key/])
    const wide = await gatehouse('api-key create --client reports-job --name Edge --scope admin')
    t.match([wide.code, wide.stderr], [1, /scopes must be among/])
    const brief = await json('api-key create --client reports-job --name Brief --days 30')
    const days = (Date.parse(brief.expires_at) - Date.parse(brief.created_at)) / 86_400_000
    t.ok(Math.abs(days - 30) < 0.01, `${days} days`)
    const endless = await gatehouse('api-key create --client reports-job --name Endless --unlimited')
    t.match([endless.code, endless.stderr], [1, /expires_at must be a time: .*api_keys\.allow_unlimited/])
  })
  await t.test('people get tables, machines JSON', async (t) => {
    const [table, one] = await Promise.all([gatehouse('user list'), gatehouse(`user show ${boss}`)])
    t.equal(table.code, 0)
    const [head, ...rows] = table.stdout.trimEnd().split('\n')
    t.match(head, /^id +email +username +name +locale +roles/)
    t.equal(rows.length, 2)
    t.match(rows[1], /boss@example\.test +- +Boss +- +admin/)
    t.equal(head!.indexOf('email'), rows[1]!.indexOf('boss@'), 'in columns')
    t.match(one.stdout, /^email +boss@example\.test$/m)
  })
  await t.test('what cannot be done exits 1 and says why in one line', async (t) => {
    const cases: [line: string, reason: RegExp, input?: string][] = [
      [`user create --email ${boss} --name Twin`, /exists already/],
      [
        'user create --email w@example.test --name W --password-stdin',
        /password .*(characters|guess|common)/,
        'password1234',
      ],
      [
        'user create --email w@example.test --name W --password-stdin',
        /password must not hold line breaks/,
        'two\nlines',
      ],
      ['user show nobody@example.test', /no such user/],
      ['role create ü', /: name must be a name of at most 100 visible ASCII characters/],
      [`user grant-role ${boss} ü`, /: role must be a name of at most 100 visible ASCII characters/],
      ['audit tail --event signed-in', /: event must be one of .*sign_in\.succeeded/],
      ['migrate', /running service/],
    ]
    const results = await Promise.all(cases.map(([line, , input]) => gatehouse(line, input)))
    for (const [index, { code, stdout, stderr }] of results.entries()) {
      const [line, reason] = cases[index]!
      t.equal(code, 1, line)
      t.match(stderr, reason, line)
      t.equal(stderr.trimEnd().split('\n').length, 1, `${line}: no stack`)
      t.equal(stdout, '', line)
      t.notMatch(stderr, 'password1234')
    }
  })
  await t.test('after a kill the next start takes over, with all data, keys and sessions', async (t) => {
    const [keys, { access_token }] = [await service.call('/.well-known/jwks.json'), (await logIn(service, boss)).json()]
    service.child.kill('SIGKILL')
    await service.finished
    t.ok(existsSync(join(data, 'control.sock')), 'the socket is left behind')
    service = await serve(whole, folder, environment)
    t.equal(modeOf(join(data, 'control.sock')), '600')
    t.equal((await service.call('/.well-known/jwks.json')).body, keys.body)
    t.equal((await service.call('/api/users/me', { headers: bearer(access_token) })).status, 200)
    t.equal((await json('user list')).length, 2, 'and commands reach it')
  })
  await t.test('SIGTERM finishes what is under way, exits 0 and tidies up', async (t) => {
    const body = JSON.stringify({ email: 'nobody@example.test', password })
    let answer = ''
    const socket = connect(service.port, '127.0.0.1')
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.on('error', (error) => t.error(error))
    const closed = new Promise((done) => socket.once('close', done))
    socket.write(
      'POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
        `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
    )
    await until('the service has begun the request', () => answer.startsWith('HTTP/1.1 100'))
    service.child.kill('SIGTERM')
    await until('the service is stopping', () => service.said.stdout.includes('service.stopping'))
    const ready = await service.call('/health/ready')
    t.match([ready.status, ready.headers], [503, { connection: 'close' }], 'whoever balances is told')
    t.match((await service.call('/login')).status, 200, 'and whoever still comes is answered')
    await until('nobody new is let in', async () =>
      service.call('/health/live').then(
        () => false,
        () => true,
      ),
    )
    t.equal(service.child.exitCode, null, 'it waits for what is under way')
    socket.write(body)
    await closed
    t.match(answer, /HTTP\/1\.1 401 /)
    t.match(answer, 'invalid_credentials')
    const { code, stdout } = await service.finished
    t.equal(code, 0)
    t.match(stdout, 'service.stopped')
    t.notMatch(stdout, /"level":[456]0/, 'nothing of a stop is a fault')
    t.notOk(existsSync(join(data, 'control.sock')))
  })
  await t.test(
    'a second signal ends at once what the first would have finished, but not the one that npm passes on',
    async (t) => {
      const long = { ...environment, GATEHOUSE_CONFIG: join(folder, 'long.yaml') }
      writeFileSync(long.GATEHOUSE_CONFIG, 'shutdown: { drain_seconds: 300 }\n')
      for (const [signal, code] of [
        ['SIGTERM', 143],
        ['SIGINT', 130],
      ] as const) {
        service = await serve(whole, folder, long)
        service.child.kill('SIGTERM')
        await until('the service is stopping', () => service.said.stdout.includes('service.stopping'))
        service.child.kill(signal)
        t.equal((await service.finished).code, code, signal)
      }
      service = await serve(whole, folder, { ...long, npm_lifecycle_event: 'start' })
      service.child.kill('SIGINT')
      await until('the service is stopping', () => service.said.stdout.includes('service.stopping'))
      service.child.kill('SIGINT')
      t.equal((await service.call('/login')).status, 200, 'it goes on answering')
      await until('a later one counts', async () => {
        service.child.kill('SIGINT')
        return service.child.exitCode !== null
      })
      t.equal((await service.finished).code, 130)
      service = await serve(whole, folder, environment)
      t.equal((await json('user list')).length, 2, 'nothing was lost')
    },
  )
})

void test('a faulty setting stops the start with its name and what was expected, never its value', async (t) => {
  const folder = scratchFolder(t)
  const marker = 'not-to-be-shown'
  writeFileSync(join(folder, 'bad.yaml'), `tokens:\n  access_ttl_seconds: ${marker}\nlimit:\n  x: 1\n`)
  writeFileSync(join(folder, 'broken.yaml'), `hosts:\n  - [${marker}\n`)
  const cases: [environment: Environment, ...named: RegExp[]][] = [
    [
      {
        GATEHOUSE_ISSUR: marker,
        PORT: marker,
        LOG_LEVEL: marker,
        GATEHOUSE_SECRET: marker,
        DATABASE_URL: `mysql://u:${marker}@h/d`,
        REDIS_URL: `http://:${marker}@h`,
        SMTP_URL: `http://u:${marker}@h`,
        GATEHOUSE_ISSUER: `https://h/?${marker}`,
        GATEHOUSE_CONFIG: `missing-${marker}.yaml`,
      },
      ...[
        /^GATEHOUSE_ISSUR: there is no such setting; did you mean GATEHOUSE_ISSUER\?$/m,
        /^PORT: expected a port number/m,
        /^LOG_LEVEL: expected trace/m,
      ],
      ...[/^GATEHOUSE_SECRET: expected 32 bytes in base64/m, /^DATABASE_URL: expected a postgres:\/\/ URL/m],
      ...[/^REDIS_URL: expected/m, /^SMTP_URL: expected/m, /^GATEHOUSE_ISSUER: expected/m],
      /^GATEHOUSE_CONFIG: expected a readable file/m,
    ],
    [
      { PORT: '65536', DATABASE_URL: `postgres://u:${marker}@127.0.0.1:1/d`, GATEHOUSE_COOKIE_DOMAIN: 'other.test' },
      ...[
        /^PORT: expected/m,
        /^GATEHOUSE_SECRET: .*required with DATABASE_URL/m,
        /^GATEHOUSE_COOKIE_DOMAIN: expected/m,
      ],
    ],
    [
      { GATEHOUSE_CONFIG: 'bad.yaml' },
      ...[/bad\.yaml:2:3: tokens\.access_ttl_seconds: /, /bad\.yaml:3:1: limit: there is no such setting/],
    ],
    [{ GATEHOUSE_CONFIG: 'broken.yaml' }, /broken\.yaml:\d+:\d+: /],
  ]
  for (const [environment, ...named] of cases) {
    const given = { GATEHOUSE_DATA_DIR: join(folder, 'data'), ...environment }
    const { code, stdout, stderr } = await run(folder, ['serve'], given)
    const what = Object.keys(environment).join()
    t.equal(code, 1, what)
    for (const name of named) t.match(stderr, name)
    t.notMatch(stderr + stdout, marker, `${what}: not the value`)
    t.notMatch(stderr, /\n\s+at /, `${what}: no stack`)
  }
  t.notOk(existsSync(join(folder, 'data')), 'nothing was made')
})

void test('a command that is called wrongly exits 2, does nothing, and no password is an argument', async (t) => {
  const folder = scratchFolder(t)
  const environment = { GATEHOUSE_DATA_DIR: join(folder, 'data') }
  const lines = [
    ...['nonsense', 'toString', 'user', 'user constructor', 'user create --email a@example.test', 'user show a b'],
    ...[
      'user list --nonsense',
      'client create --name x',
      'api-key create --name x',
      'api-key create --client c --name x --days 0',
      'api-key create --client c --name x --days 3 --unlimited',
      'client set-jwks x',
      'api-key list',
      'role create',
      'serve now',
      'user set-password a@example.test',
      'keys rotate --compromised --kid one --kid another',
      'user create --name A --email a@example.test --email=b@example.test',
    ],
    'user create --email a@example.test --name A --password hunter2hunter2',
    'user create --email a@example.test --name A --password-stdin=hunter2hunter2',
    'user set-password a@example.test hunter2hunter2',
  ]
  for (let from = 0; from < lines.length; from += 2) {
    const pair = lines.slice(from, from + 2)
    const results = await Promise.all(pair.map((line) => run(folder, line.split(' '), environment)))
    for (const [index, { code, stdout, stderr }] of results.entries()) {
      const line = pair[index]!
      t.equal(code, 2, line)
      t.match(stderr, /^gatehouse: ./, line)
      t.notMatch(stderr + stdout, 'hunter2')
    }
  }
  t.same(readdirSync(folder), [], 'nothing was made')
  const piped = await run(
    folder,
    ['user', 'create', '--email', 'a@b.test', '--name', 'A'],
    environment,
    'hunter2hunter2',
  )
  t.match(
    [piped.code, piped.stderr],
    [2, /give --password-stdin/],
    'a password that nobody asked for is not passed over',
  )
  t.notMatch(piped.stderr, 'hunter2')
  const stdin = ['user', 'create', '--email', 'a@b.test', '--name', 'A', '--password-stdin']
  const latin = await run(folder, stdin, environment, Buffer.from('hunter2 hüpft über Zäune', 'latin1'))
  t.match([latin.code, latin.stderr], [2, /standard input is no UTF-8 text/], 'nor is one changed')
  t.same(readdirSync(folder), [])
})

void test('every command and every verb says what it takes, and gives an example that is called rightly', async (t) => {
  const folder = scratchFolder(t)
  const environment = { GATEHOUSE_DATA_DIR: join(folder, 'data') }
  const help = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(folder, args, environment)
    t.same([code, stderr], [0, ''], args.join(' '))
    return stdout
  }
  const named = (text: string) => [...text.matchAll(/^  ([a-z][a-z-]+)  /gm)].map(([, name]) => name!)
  const commands = named(await help('--help'))
  t.ok(commands.length >= 11)
  t.equal(await help('-h'), await help('help'))
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const command of commands) {
    t.match(readme, `\`${command}\``, `the README lists ${command}`)
    const text = await help(command, '--help')
    const verbs = named(text)
    const pages = verbs.length === 0 ? [text] : await Promise.all(verbs.map((verb) => help(command, verb, '-h')))
    for (const page of pages) {
      t.match(page, new RegExp(`^usage: .* ${command}`))
      t.match(page, /^ {2}--json /m)
      t.match(page, /^example: /m)
    }
  }
  t.equal(await help('help', 'user', 'create'), await help('user', 'create', '--help'))
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  for (const args of [['--version'], ['user', '--version'], ['user', 'create', '--version']]) {
    t.equal(await help(...args), `${version}\n`)
  }
  t.same(readdirSync(folder), [], 'nothing was made')
})

void test('Ctrl-C at the question for a password ends the command, and nothing is printed or made', async (t) => {
  const folder = scratchFolder(t)
  const command = [process.execPath, ...commandLine('user', 'create', '--email', 'a@b.test', '--name', 'A')].join(' ')
  // The terminal of `script` is a real one.
  const script = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...handedOn(), GATEHOUSE_DATA_DIR: join(folder, 'data') },
  })
  let printed = ''
  script.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const ended = new Promise((done) => script.once('close', done))
  await until('the command asks', () => printed.includes('Password: '))
  script.stdin.write('\u0003')
  t.equal(await ended, 130)
  t.equal(printed.trim(), 'Password:')
  t.same(readdirSync(folder), [])
})

if (hasServers) {
  void test('on PostgreSQL and Redis', async (t) => {
    const folder = scratchFolder(t)
    const database = await createDatabase()
    t.teardown(() => database.drop())
    const environment = {
      DATABASE_URL: database.url,
      GATEHOUSE_SECRET: testSecret(9).toString('base64'),
      GATEHOUSE_DATA_DIR: join(folder, 'data'),
      GATEHOUSE_ISSUER: 'http://auth.example.test',
      GATEHOUSE_CONFIG: join(folder, 'gatehouse.yaml'),
    }
    const hosts = 'hosts: { app.example.test: { rules: [{ allow: signed-in }] } }\n'
    writeFileSync(environment.GATEHOUSE_CONFIG, `${hosts}shutdown: { drain_seconds: 0 }\n`)
    const withRedis = { ...environment, REDIS_URL: redisUrlOf(database.name) }
    const gatehouse = (line: string, input?: string) => run(folder, line.split(' '), environment, input)

    await t.test('migrations may run twice, and from two places at once', async (t) => {
      const both = await Promise.all([gatehouse('migrate --json'), gatehouse('migrate --json')])
      for (const { code, stdout, stderr } of [...both, await gatehouse('migrate --json')]) {
        t.equal(code, 0, stderr)
        t.same(JSON.parse(stdout), { status: 'up to date' })
      }
      t.match((await gatehouse('migrate')).stdout, /^status +up to date\n$/)
    })
    await t.test('two services run side by side, and a command acts on both within a second', async (t) => {
      const [one, two] = await Promise.all([serve(t, folder, withRedis), serve(t, folder, withRedis)])
      t.notMatch(one.said.stderr, 'REDIS_URL')
      t.notOk(existsSync(join(folder, 'data', 'secret')), 'no secret is made')
      t.equal((await one.call('/.well-known/jwks.json')).body, (await two.call('/.well-known/jwks.json')).body)
      const email = 'ada@example.test'
      const created = await gatehouse(`user create --email ${email} --name Ada --password-stdin --json`, password)
      t.equal(created.code, 0, created.stderr)
      const { access_token } = (await logIn(one, email)).json()
      const headers = { ...asks({ path: '/x' }), ...bearer(access_token) }
      const edge = async (service: Running) => (await service.call('/forward-auth', { headers })).status
      t.same([await edge(one), await edge(two)], [200, 200])
      await gatehouse(`user disable ${email} --json`)
      const changed = startStopwatch()
      await until('both refuse', async () => (await edge(one)) === 401 && (await edge(two)) === 401)
      t.ok(changed.milliseconds() < 1_000)
      for (const { child, finished } of [one, two]) {
        child.kill('SIGTERM')
        t.equal((await finished).code, 0)
      }
    })
    await t.test('without Redis it runs, and says that it must be alone', async (t) => {
      const service = await serve(t, folder, environment)
      // It comes by another pipe than the line that tells the service is ready.
      await until('it says so', () => /Without REDIS_URL .* one replica/.test(service.said.stderr))
      service.child.kill('SIGTERM')
      t.equal((await service.finished).code, 0)
    })
    await t.test('another secret than the one that sealed the keys is named, not a stack', async (t) => {
      const other = { ...environment, GATEHOUSE_SECRET: testSecret(8).toString('base64') }
      const { code, stderr } = await run(folder, ['serve'], { ...other, PORT: String(await freePort()) })
      t.equal(code, 1)
      t.match(stderr, 'GATEHOUSE_SECRET')
      t.notMatch(stderr, /\n\s+at /)
      const rotate = await run(folder, ['keys', 'rotate'], other)
      t.match([rotate.code, rotate.stderr], [1, /GATEHOUSE_SECRET: expected .*keys rotate --compromised/])
      const lost = await run(folder, ['keys', 'rotate', '--compromised'], other)
      t.equal(lost.code, 0, 'a secret that is lost is replaced, with all keys')
      const again = await serve(t, folder, other)
      again.child.kill('SIGTERM')
      t.equal((await again.finished).code, 0)
    })
    await t.test('servers that are not there are named without their passwords', async (t) => {
      const port = await freePort()
      const gone = { ...environment, DATABASE_URL: `postgres://gatehouse:s3cret-word@127.0.0.1:${port}/x` }
      const noRedis = { ...environment, REDIS_URL: `redis://:s3cret-word@127.0.0.1:${port}` }
      for (const [settings, name] of [
        [gone, 'DATABASE_URL'],
        [noRedis, 'REDIS_URL'],
      ] as const) {
        const { code, stdout, stderr } = await run(folder, ['serve'], { ...settings, PORT: String(await freePort()) })
        t.equal(code, 1, name)
        t.notMatch(stderr + stdout, 's3cret-word', name)
        t.match(stderr, name)
        t.notMatch(stderr, /\n\s+at /, `${name}: no stack`)
      }
    })
  })
}
