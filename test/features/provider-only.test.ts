/** A provider as the only way in: oidc-provider as it is, with its own pages. */
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { Provider } from 'oidc-provider'
import { labClient, labSecrets, labSettings, startLabProvider, Visitor } from '../support/providers.ts'
import { fieldsOf, own, wordsOf } from '../support/pages.ts'
import { freePort } from '../support/servers.ts'
import { type Answer, startService } from '../support/service.ts'

/** Signs in on the pages of the provider, as a browser without scripts does, and resolves to where they lead back. */
async function signInThere(address: string, login: string, issuer: string): Promise<string> {
  const jar = new Map<string, string>()
  let [url, form]: [string, Record<string, string> | undefined] = [address, undefined]
  for (let step = 0; step < 12; step++) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const sent = form && { method: 'POST', body: new URLSearchParams(form) }
    const answer = await fetch(url, { ...sent, headers: { cookie }, redirect: 'manual' })
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]!.split(/=(.*)/)
      jar.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location?.startsWith(issuer)) return location.slice(issuer.length)
    if (location !== null) [url, form] = [new URL(location, url).href, undefined]
    else {
      const page = await answer.text()
      const action = /action="([^"]+)"/.exec(page)![1]!
      form = { prompt: /name="prompt" value="(\w+)"/.exec(page)![1]!, login, password: 'any' }
      url = new URL(action, url).href
    }
  }
  throw new Error(`no way back from ${address}`)
}

void test('a provider as the only way in', async (t) => {
  const [port, service] = [await freePort(), { port: await freePort(), issuer: 'http://auth.example.test' }]
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: labClient.id, client_secret: labClient.secret },
        redirect_uris: [`${service.issuer}/api/federation/lab/callback`],
        post_logout_redirect_uris: [`${service.issuer}/signed-out`],
      },
    ],
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: sub, email: `${sub}@example.test`, email_verified: true }),
    }),
    claims: { email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: ['a key'] },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  })
  const server = provider.listen(port, '127.0.0.1')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const gatehouse = await startService(t, {
    port: service.port,
    yaml: {
      sign_in: { passwords: false, providers: [labSettings({ issuer }, { first_sign_in: 'create', logout: true })] },
    },
    environment: labSecrets('lab'),
  })

  await t.test('the page shows its button alone, and takes no password', async (t) => {
    const page = await gatehouse.call('/login')
    t.match(wordsOf(page), /Sign in with Lab/)
    t.notMatch(page.body, /type="password"|forgot-password/)
    const user = await gatehouse.createUser()
    const json = { email: user.email, password: user.password }
    const answer = await gatehouse.call('/api/auth/login', { method: 'POST', json, headers: own })
    t.match([answer.status, answer.json().code], [403, 'passwords_off'])
    const visitor = new Visitor(gatehouse)
    const sent = await visitor.submit('/login', '/login', json)
    t.match(wordsOf(sent), /Nobody signs in by a password here/)
    t.notOk(await visitor.person())
  })

  await t.test('nobody gets as far as to choose a password', async (t) => {
    for (const path of ['/forgot-password', '/reset-password?token=x', '/invitation?token=x']) {
      const page = await gatehouse.call(path)
      t.equal(page.status, 403, path)
      t.match(wordsOf(page), /Nobody signs in by a password here/)
    }
    t.equal((await gatehouse.call('/register')).status, 403)
    const [email, password, name] = ['ada@example.test', 'three wet herons count pebbles', 'Ada']
    for (const [path, json, code] of [
      ['/api/auth/register', { email, password, name }, 'registration_closed'],
      ['/api/auth/register', { invitation: 'x', password, name }, 'passwords_off'],
      ['/api/auth/forgot-password', { email }, 'passwords_off'],
      ['/api/auth/reset-password', { token: 'x', password }, 'passwords_off'],
    ] as const) {
      const answer = await gatehouse.call(path, { method: 'POST', json, headers: own })
      t.match([answer.status, answer.json().code], [403, code], path)
    }
    await t.rejects(gatehouse.operate('POST', '/invitations', { email }), /passwords_off/)
  })

  await t.test('oidc-provider signs people in, and out', async (t) => {
    const visitor = new Visitor(gatehouse)
    const back = await signInThere(await visitor.begin(), 'grace', service.issuer)
    t.equal((await visitor.call(back)).headers['location'], '/')
    t.match(await visitor.person(), { email: 'grace@example.test', name: 'grace' })
    const path = '/api/users/me/identities'
    const { items } = (await gatehouse.call(path, { headers: visitor.headers })).json()
    await gatehouse.operate('PUT', `/users/grace@example.test/password`, { password: 'three wet herons count pebbles' })
    const again = new Visitor(gatehouse)
    await again.call(await signInThere(await again.begin(), 'grace', service.issuer))
    const unlink = { method: 'DELETE', headers: { ...again.headers, ...own } }
    t.equal((await gatehouse.call(`${path}/${items[0].id}`, unlink)).status, 409, 'a password is no way in here')
    gatehouse.clock.advance(600)
    t.match(wordsOf(await again.call('/step-up')), /Confirm with Lab/, 'nor a proof')
    const out = await again.submit('/logout', '/logout', {})
    const page = await fetch(String(out.headers['location']))
    t.equal(page.status, 200)
    t.match(await page.text(), /session\/end\/confirm/)
  })
})

void test('Apple takes a signed secret, and answers by a form', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const apple = await startLabProvider(t, { clock: { now: () => Date.now() } }, { secretKey: publicKey })
  const settings = { preset: 'apple', apple: { team_id: 'ABCDE12345', key_id: 'FGHIJ67890' }, first_sign_in: 'create' }
  const service = await startService(t, {
    yaml: { sign_in: { providers: [labSettings(apple, settings)] } },
    environment: { GATEHOUSE_PROVIDER_LAB_SECRET: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) },
  })
  apple.person = { sub: '001.ada', email: 'ada@privaterelay.test', email_verified: 'true' }
  const visitor = new Visitor(service)
  const page = await (await fetch(await visitor.begin())).text()
  t.equal(apple.asked.get('response_mode'), 'form_post')
  // The browser sends none of our cookies with it.
  const form = { ...fieldsOf({ body: page } as Answer), user: '{"name":{"firstName":"Ada"}}' }
  const posted = await service.call('/api/federation/lab/callback', {
    method: 'POST',
    form,
    headers: { origin: apple.issuer },
  })
  t.equal(posted.status, 303)
  t.equal((await visitor.call(String(posted.headers['location']))).headers['location'], '/')
  t.match(await visitor.person(), { email: 'ada@privaterelay.test', name: 'ada' })
})
