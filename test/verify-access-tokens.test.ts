/** The recipes of docs/verify-access-tokens.md, run as they stand there against a real Gatehouse. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { findCurrent } from './proxies/install.ts'
import { decode, mint, ownKey } from './support/forgery.ts'
import { grant, register } from './support/oauth.ts'
import { findProgram, freePort, listening, scratchFolder } from './support/servers.ts'
import { ask, asks, bearer, startService } from './support/service.ts'
import { startUpstream } from './support/upstream.ts'
import { hasVerifier, njsModule, placeOf } from './verifiers/install.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const guide = readFileSync(join(root, 'docs/verify-access-tokens.md'), 'utf8')
/** The one block of the guide that is written in a language. */
function codeIn(language: string): string {
  const [block, ...others] = [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))]
  if (block === undefined || others.length > 0) throw new Error(`the guide has not one block of ${language}`)
  return block[1]!
}

interface Recipe {
  /** Makes the program; returns how it is run in the folder. */
  prepare(folder: string): Promise<readonly [program: string, ...args: string[]]>
}

const recipes: Record<string, Recipe> = {
  Node: {
    async prepare(folder) {
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
      writeFileSync(join(folder, 'access-tokens.mjs'), codeIn('js'))
      return [process.execPath, 'main.mjs']
    },
  },
  Python: {
    async prepare(folder) {
      writeFileSync(join(folder, 'access_tokens.py'), codeIn('python'))
      return [join(placeOf('Python'), 'bin/python3'), 'main.py']
    },
  },
  Go: {
    async prepare(folder) {
      writeFileSync(join(folder, 'verify.go'), codeIn('go'))
      await run(folder, ['go', 'build', '-o', 'verify', '.'])
      return [join(folder, 'verify')]
    },
  },
  Java: {
    async prepare(folder) {
      writeFileSync(join(folder, 'AccessTokens.java'), codeIn('java'))
      const libraries = join(placeOf('Java'), '*')
      await run(folder, ['javac', '-cp', libraries, 'AccessTokens.java', 'Main.java'])
      return ['java', '-cp', `${libraries}${delimiter}.`, 'Main']
    },
  },
  Rust: {
    async prepare(folder) {
      mkdirSync(join(folder, 'src'))
      cpSync(join(folder, 'main.rs'), join(folder, 'src/main.rs'))
      writeFileSync(join(folder, 'src/verify.rs'), codeIn('rust'))
      const target = join(placeOf('Rust'), 'target')
      cpSync(join(placeOf('Rust'), 'Cargo.lock'), join(folder, 'Cargo.lock'))
      await run(folder, ['cargo', 'build', '--quiet', '--offline', '--locked', '--target-dir', target])
      cpSync(join(target, 'debug/verify'), join(folder, 'verify'))
      return [join(folder, 'verify')]
    },
  },
  PHP: {
    async prepare(folder) {
      writeFileSync(join(folder, 'access-tokens.php'), codeIn('php'))
      return ['php', 'main.php']
    },
  },
}

/** Runs a program to its end; what it printed. Rejects when it fails. */
function run(cwd: string, [program, ...args]: readonly string[], input = '', environment = {}): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(program!, args, { cwd, env: { ...process.env, ...environment } })
    const said = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk: Buffer) => (said[stream] += chunk.toString()))
    }
    child.on('error', fail)
    child.on('close', (code) => (code === 0 ? done(said.stdout) : fail(new Error(`${program}: ${said.stderr}`))))
    child.stdin.end(input)
  })
}

const audience = 'https://api.example.test'

/** A service, and tokens of it by what they are; `valid` alone may pass. */
async function startIssuer(t: Test) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const yaml = { hosts: { 'api.example.test': { audience, rules: [{ allow: 'signed-in' }] } } }
  const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer }, yaml })
  const [here, elsewhere] = [
    await register(service, { audiences: [audience] }),
    await register(service, { audiences: ['https://other.example.test'] }),
  ]
  const valid: string = (await grant(service, here)).json().access_token
  const question = { headers: { ...asks({ host: 'api.example.test', path: '/' }), ...bearer(valid) } }
  const assertion = String((await service.call('/forward-auth', question)).headers['x-auth-assertion'])
  const [head, body, signature] = valid.split('.') as [string, string, string]
  const [header, claims] = [decode(head), decode(body)]
  const { privatePem } = await ownKey(service, header['kid'])
  const now = Math.floor(Date.now() / 1000)
  const refused: Record<string, string> = {
    'a token for another service': (await grant(service, elsewhere)).json().access_token,
    'an identity assertion for this service': assertion,
    'an expired token': mint(header, { ...claims, iat: now - 900, exp: now - 600 }, privatePem),
    'a token of another issuer': mint(header, { ...claims, iss: 'https://other-issuer.example.test' }, privatePem),
    'a signature that is not valid': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
    'claims that were not signed': `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: 'x' })).toString('base64url')}.${signature}`,
    'a token of an unknown key': mint({ ...header, kid: 'unknown' }, claims, privatePem),
    'no token': 'x',
  }
  t.equal(decode(assertion.split('.')[1]!)['aud'], audience, 'nothing but its typ tells the assertion from a token')
  return { port, issuer, subject: String(claims['sub']), valid, refused }
}

void test('the recipes of the guide to verifying access tokens', async (t) => {
  const { port, issuer, subject, valid, refused } = await startIssuer(t)

  for (const [language, { prepare }] of Object.entries(recipes)) {
    if (language !== 'Node' && !hasVerifier(language)) continue
    await t.test(`in ${language} takes a valid token, and nothing else`, async (t) => {
      const folder = scratchFolder(t)
      cpSync(join(root, 'test/verifiers', language.toLowerCase()), folder, { recursive: true })
      const command = await prepare(folder)
      const tokens = [valid, ...Object.values(refused), valid]
      // The copy of the key set that PHP keeps is of this run alone.
      const environment = { GATEHOUSE_ISSUER: issuer, AUDIENCE: audience, TMPDIR: folder }
      const lines = (await run(folder, command, `${tokens.join('\n')}\n`, environment)).trim().split('\n')
      t.equal(lines.length, tokens.length)
      t.same([lines[0], lines.at(-1)], [`accepted: ${subject}`, `accepted: ${subject}`])
      for (const [index, what] of Object.keys(refused).entries()) t.match(lines[index + 1], /^refused: /, what)
    })
  }

  /** Asks a gateway with each token, and once without one. */
  async function tryGateway(t: Test, gateway: number, upstream: Awaited<ReturnType<typeof startUpstream>>) {
    const headers = (token: string) => ({ ...bearer(token), 'x-token-subject': 'somebody-else' })
    const passed = await ask(gateway, '/reports?x=1', { headers: headers(valid) })
    t.equal(passed.status, 200, passed.body)
    const [arrived] = upstream.arrived
    t.equal(arrived?.url, '/reports?x=1')
    const told = arrived?.headers.filter(([name]) => name.toLowerCase() === 'x-token-subject')
    t.same(told, [[told?.[0]?.[0], subject]], 'the application is told who it is, and by nobody else')
    for (const [what, token] of Object.entries(refused)) {
      t.match((await ask(gateway, '/', { headers: headers(token) })).status, /^40[13]$/, what)
    }
    t.equal((await ask(gateway, '/', {})).status, 401, 'nothing at all')
    t.equal((await ask(gateway, '/', { method: 'POST', headers: headers(valid), body: 'x' })).status, 200)
    t.equal(upstream.arrived.length, 2)
  }

  /** A program that runs until the test ends. */
  function keep(t: Test, program: string, args: readonly string[], gateway: number): Promise<void> {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let complaint = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4_000)))
    }
    const ended = new Promise<void>((done) => child.once('exit', () => done()))
    t.teardown(async () => {
      child.kill('SIGTERM')
      await ended
    })
    const refusal = ended.then(() => Promise.reject(new Error(`${program} ended: ${complaint}`)))
    refusal.catch(() => {})
    return Promise.race([listening(gateway), refusal])
  }

  if (hasVerifier('nginx with njs')) {
    await t.test('in nginx takes a valid token, and nothing else', async (t) => {
      const [gateway, upstream] = [await freePort(), await startUpstream(t)]
      const folder = scratchFolder(t)
      writeFileSync(join(folder, 'access-tokens.js'), codeIn('javascript'))
      const site = codeIn('nginx')
        .replace('listen 8080', `listen 127.0.0.1:${gateway}`)
        .replace('127.0.0.1:8081', `127.0.0.1:${upstream.port}`)
        .replace('js_path /etc/nginx', `js_path ${folder}`)
        .replace('/var/cache/nginx/jwks', join(folder, 'jwks'))
        .replaceAll('https://auth.example.com', issuer)
        .replace('https://api.example.com', audience)
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      const main = [
        `load_module ${njsModule()};`,
        `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr; events {}`,
        `http { access_log off; ${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}`,
        `${site}}`,
      ]
      writeFileSync(join(folder, 'nginx.conf'), main.join('\n'))
      const nginx = findProgram('nginx')!
      await keep(t, nginx, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], gateway)
      await tryGateway(t, gateway, upstream)
    })
  }

  const envoy = findCurrent('envoy')
  if (envoy !== undefined) {
    await t.test('in Envoy takes a valid token, and nothing else', async (t) => {
      const [gateway, upstream] = [await freePort(), await startUpstream(t)]
      const folder = scratchFolder(t)
      const config = codeIn('yaml')
        .replace('0.0.0.0, port_value: 8080', `127.0.0.1, port_value: ${gateway}`)
        .replace('port_value: 8081', `port_value: ${upstream.port}`)
        // The service of the test speaks HTTP.
        .replace(/^ {6}transport_socket:\n(?: {8,}.*\n)+/m, '')
        .replace('address: auth.example.com, port_value: 443', `address: 127.0.0.1, port_value: ${port}`)
        .replaceAll('https://auth.example.com', issuer)
        .replace('https://api.example.com', audience)
      writeFileSync(join(folder, 'envoy.yaml'), config)
      const alone = ['--use-dynamic-base-id', '--concurrency', '1', '--log-level', 'error']
      await keep(t, envoy, ['-c', join(folder, 'envoy.yaml'), ...alone], gateway)
      await tryGateway(t, gateway, upstream)
    })
  }
})
