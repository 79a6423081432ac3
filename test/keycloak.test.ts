/** Sign-in by a real Keycloak: what docs/providers.md says of it. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { hasApplication, keycloakFolder } from './applications/install.ts'
import { until } from './support/patience.ts'
import { labSecrets, labSettings, Visitor } from './support/providers.ts'
import { freePort, scratchFolder } from './support/servers.ts'
import { startService } from './support/service.ts'

const realm = fileURLToPath(new URL('applications/keycloak/realm.json', import.meta.url))

/** Keycloak with the realm, in memory, which tells of sign-outs at `backchannel`. */
async function startKeycloak(t: Test, backchannel: string): Promise<{ url: string; issuer: string }> {
  const [home, installed, port] = [scratchFolder(t), keycloakFolder(), await freePort()]
  // What it writes stays in the folder of the test.
  for (const name of readdirSync(installed)) {
    if (name === 'bin' || name === 'conf') cpSync(join(installed, name), join(home, name), { recursive: true })
    else if (name !== 'data') symlinkSync(join(installed, name), join(home, name))
  }
  mkdirSync(join(home, 'data/import'), { recursive: true })
  writeFileSync(join(home, 'data/import/lab.json'), readFileSync(realm, 'utf8').replace('BACKCHANNEL', backchannel))
  const options = ['--http-host=127.0.0.1', `--http-port=${port}`, '--http-enabled=true', '--hostname-strict=false']
  const env = {
    ...process.env,
    ...{ JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx256m', JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1' },
    ...{ KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin' },
  }
  const program = join(home, 'bin/kc.sh')
  const child = spawn(program, ['start', '--optimized', '--cache=local', '--import-realm', ...options], { env })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void said.push(String(chunk)))
  // The script stays in front of Java, and passes the signal on.
  const ended = new Promise((done) => child.once('exit', done))
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const url = `http://127.0.0.1:${port}`
  const issuer = `${url}/realms/lab`
  await until('Keycloak answers', async () => {
    if (child.exitCode !== null) throw new Error(said.join(''))
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`).catch(() => undefined)
    return answer?.ok === true
  })
  return { url, issuer }
}

/** Signs in on the page of Keycloak, as a browser without scripts does; resolves to what that leads back to. */
async function signInThere(address: string): Promise<string> {
  const page = await fetch(address)
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const action = /<form id="kc-form-login"[^>]* action="([^"]+)"/.exec(await page.text())![1]!.replaceAll('&amp;', '&')
  const body = new URLSearchParams({ username: 'ada', password: 'lab' })
  const answer = await fetch(action, { method: 'POST', body, headers: { cookie }, redirect: 'manual' })
  return answer.headers.get('location')!.replace('http://auth.example.test', '')
}

/** As its administrator does, who ends all sessions of somebody. */
async function signOutThere(url: string): Promise<void> {
  const form = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }
  const path = '/realms/master/protocol/openid-connect/token'
  const token = await fetch(url + path, { method: 'POST', body: new URLSearchParams(form) })
  const { access_token } = (await token.json()) as { access_token: string }
  const headers = { authorization: `Bearer ${access_token}` }
  const [ada] = (await (await fetch(`${url}/admin/realms/lab/users?username=ada`, { headers })).json()) as {
    id: string
  }[]
  await fetch(`${url}/admin/realms/lab/users/${ada!.id}/logout`, { method: 'POST', headers })
}

if (hasApplication('Keycloak')) {
  void test('Keycloak signs people in, names their groups, and signs them out', async (t) => {
    const port = await freePort()
    const { url, issuer } = await startKeycloak(t, `http://127.0.0.1:${port}/api/federation/lab/backchannel-logout`)
    const settings = { preset: 'keycloak', first_sign_in: 'create', logout: true }
    const start = (more: object, own: { port?: number } = {}) =>
      startService(t, {
        ...own,
        yaml: { sign_in: { providers: [labSettings({ issuer }, { ...settings, ...more })] } },
        environment: labSecrets('lab'),
      })
    const service = await start({}, { port })
    const visitor = new Visitor(service)
    const back = await signInThere(await visitor.begin())
    t.equal((await visitor.call(back)).headers['location'], '/')
    t.match(await visitor.person(), { email: 'ada@example.test', name: 'Ada Lovelace', groups: ['staff'] })

    const out = new Visitor(service)
    await out.call(await signInThere(await out.begin()))
    const led = String((await out.submit('/logout', '/logout', {})).headers['location'])
    const ended = await fetch(led, { redirect: 'manual' })
    t.equal(ended.headers.get('location'), `${service.issuer}/signed-out`, 'it leads back without a question')
    t.ok(await visitor.person())
    await signOutThere(url)
    await until('the session ends', async () => (await visitor.person()) === undefined)

    const strict = await start({ acr_values: ['gold'] })
    const weak = new Visitor(strict)
    const refused = await weak.call(await signInThere(await weak.begin()))
    t.match(refused.headers['location'], /problem=level/, 'it answers with a lower level, and no error')
  })
}
