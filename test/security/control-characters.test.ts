/** Names hold nothing that a terminal, a log or a mail program would obey, or that makes them read as another name. */
import { test } from 'tap'
import { bearer, newClient, startService } from '../support/service.ts'

const refused: Record<string, string> = {
  'a line break': '\n',
  'an escape': '\u001b',
  delete: '\u007f',
  'a control sequence of C1': '\u009b',
  'next line': '\u0085',
  'a right-to-left override': '\u202e',
  'a left-to-right embedding': '\u202a',
  'an isolate': '\u2067',
  'a right-to-left mark': '\u200f',
  'a separator of paragraphs': '\u2029',
}

void test('whatever people and operators name, control characters and marks of direction are refused', async (t) => {
  const service = await startService(t)
  const { accessToken } = await service.signIn(await service.createUser())
  const client = (await service.operate('POST', '/clients', newClient)).client_id as string
  const operator = async (method: 'POST' | 'PUT', url: string, payload: object) => {
    const { statusCode, body } = await service.gatehouse.control.inject({ method, url, payload })
    return { status: statusCode, body }
  }
  const own = (method: string, path: string, json: object) =>
    service.call(path, { method, json, headers: bearer(accessToken) })
  const email = 'new@example.test'
  const names: Record<string, (name: string) => Promise<{ status: number; body: string }>> = {
    'a registration': (name) =>
      service.call('/api/auth/register', { method: 'POST', json: { name, email, password: 'nine calm otters by it' } }),
    'a profile': (name) => own('PATCH', '/api/users/me', { name }),
    'an API key': (name) => own('POST', '/api/users/me/api-keys', { name, scopes: [] }),
    'a user of the operator': (name) => operator('POST', '/users', { email, name, roles: [] }),
    'a client': (name) => operator('POST', '/clients', { ...newClient, name }),
    'a client’s id': (id) => operator('POST', '/clients', { ...newClient, id }),
    'a client’s scope': (scope) => operator('POST', '/clients', { ...newClient, scopes: [scope] }),
    'a client’s API key': (name) => operator('POST', '/api-keys', { client, name, scopes: [] }),
    'a role': (name) => operator('PUT', `/roles/${encodeURIComponent(name)}`, { permissions: [] }),
    'a permission': (permission) => operator('PUT', '/roles/some', { permissions: [permission] }),
  }
  for (const [what, give] of Object.entries(names)) {
    await t.test(what, async (t) => {
      for (const [kind, character] of Object.entries(refused)) {
        for (const name of [`a${character}b`, `${character}b`, `a${character}`]) {
          const { status, body } = await give(name)
          t.equal(status, 400, kind)
          t.match(JSON.parse(body), { code: 'invalid_request', errors: [{ path: String }] })
        }
      }
    })
  }
  await t.test('a name may be written in any script', async (t) => {
    for (const name of ['Zoë Ångström', 'محمد', 'שרה', '山田 太郎', 'Nguyễn', 'O’Neil-Šć', '👩‍🔬', 'می‌خواهم']) {
      t.equal((await own('PATCH', '/api/users/me', { name })).status, 200, name)
    }
  })
  await t.test('the device of a session is told in plain characters', async (t) => {
    const user = await service.createUser()
    const headers = { 'user-agent': 'browser \u009b2J' }
    const { email, password } = user
    await service.call('/api/auth/login', {
      method: 'POST',
      headers,
      json: { email, password, token_delivery: 'body' },
    })
    t.notMatch(service.logged(), '\u009b')
  })
})
