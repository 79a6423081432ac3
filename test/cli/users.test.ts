/** `gatehouse user`, as an operator runs it beside a running service: with a hash, by mail, under a name, and for good. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { linkIn } from '../support/mails.ts'
import { until } from '../support/patience.ts'
import { prepareData, run, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'

const password = 'a horse, a battery and a staple'
const issuer = 'http://auth.example.test'

interface Vector {
  password: string
  hash: string
}
const vectors = readFileSync(new URL('../adapters/password-spellings/vectors.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Vector)

async function startAll(t: Test) {
  const folder = scratchFolder(t)
  const data = join(folder, 'data')
  const environment = { GATEHOUSE_DATA_DIR: data, GATEHOUSE_ISSUER: issuer }
  writeFileSync(join(folder, 'gatehouse.yaml'), 'accounts: { registration: invite }\n')
  prepareData(data)
  const service = await serve(t, folder, environment)
  const gatehouse = (line: string, input?: string) => run(folder, line.split(' '), environment, input)
  const json = async (line: string, input?: string) => {
    const { code, stdout, stderr } = await gatehouse(`${line} --json`, input)
    if (code !== 0) throw new Error(`${line}: ${code} ${stderr}`)
    return JSON.parse(stdout)
  }
  const post = (path: string, body: object) => service.call(path, { method: 'POST', json: body })
  const logIn = async (email: string, given = password) =>
    (await post('/api/auth/login', { email, password: given })).status
  /** The token of the newest link of a page to somebody, once it is mailed. */
  async function mailedTo(email: string, page: string): Promise<string> {
    const outbox = join(data, 'outbox')
    let token: string | undefined
    await until(`a link of ${page} is mailed`, async () => {
      const files = (() => {
        try {
          return readdirSync(outbox)
        } catch {
          return []
        }
      })()
      const mails = files.toSorted().map((name) => readFileSync(join(outbox, name), 'utf8'))
      token = mails
        .filter((mail) => mail.includes(`To: ${email}`))
        .flatMap((mail) => linkIn(mail, issuer, page) ?? [])
        .at(-1)
      return token !== undefined
    })
    return token!
  }
  return { gatehouse, json, post, logIn, mailedTo }
}

void test('user create, invite, send-reset and delete', async (t) => {
  const { gatehouse, json, post, logIn, mailedTo } = await startAll(t)

  await t.test('--password-hash-stdin takes a hash of another system, whose password then signs in', async (t) => {
    const vector = vectors.find(({ hash }) => hash.startsWith('$2b$'))!
    const line = 'user create --email moved@example.test --name Moved --password-hash-stdin'
    const created = await gatehouse(`${line} --json`, `${vector.hash}\n`)
    t.equal(created.code, 0, created.stderr)
    t.match(JSON.parse(created.stdout), { email: 'moved@example.test', status: 'active' })
    t.notMatch(created.stdout + created.stderr, vector.hash.slice(7), 'it is not repeated')
    t.same(
      [await logIn('moved@example.test', vector.password), await logIn('moved@example.test', 'another one')],
      [200, 401],
    )

    const broken = '$1$salt$a-hash-that-nobody-takes'
    const refused = await gatehouse('user create --email x@example.test --name X --password-hash-stdin', broken)
    t.equal(refused.code, 1)
    t.notMatch(refused.stdout + refused.stderr, 'nobody-takes')
    const both = await gatehouse(
      'user create --email x@example.test --name X --password-stdin --password-hash-stdin',
      broken,
    )
    t.match(both, { code: 2, stderr: /a password or a hash, not both/ })
    t.match(await gatehouse('user show x@example.test'), { code: 1, stderr: /no such user/ })
  })
  await t.test('--username gives a name to sign in with, once', async (t) => {
    const line = 'user create --email ada@example.test --name Ada --username Ada.L --password-stdin'
    t.match(await json(line, password), { email: 'ada@example.test', username: 'ada.l' })
    t.same([await logIn('ada.l'), await logIn('ADA.L'), await logIn('ada@example.test')], [200, 200, 200])
    t.same(await json('user identities ada.l'), [], 'nothing is linked to it')
    t.same(await json('user grants ada.l'), [], 'nor was any program let in')
    t.match(await gatehouse('user withdraw-grant ada.l nobody'), { code: 1, stderr: /not let in|no such/i })
    const nothing = '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f'
    t.match(await gatehouse(`user unlink ada.l ${nothing}`), { code: 1, stderr: /no such linked account/ })
    const again = await gatehouse('user create --email eve@example.test --name Eve --username ada.l')
    t.equal(again.code, 1)
    t.match(again.stderr, /taken/)
    t.match(await gatehouse('user create --email eve@example.test --name Eve --username a@b'), { code: 1 })
  })
  await t.test('invite mails a link that opens an account with its roles, and uninvite withdraws one', async (t) => {
    await json('role create editor')
    const invited = await json('user invite --email guest@example.test --username guest --role editor --language de')
    t.match(invited, { email: 'guest@example.test', roles: ['editor'] })
    t.match(await json('user invitations'), [{ id: invited.id, email: 'guest@example.test' }])
    const token = await mailedTo('guest@example.test', 'invitation')
    const opened = await post('/api/auth/register', { invitation: token, name: 'Guest', password })
    t.equal(opened.status, 201)
    t.match(await json('user show guest'), { username: 'guest', locale: 'de', roles: ['editor'], email_verified: true })
    t.equal(await logIn('guest'), 200)

    const other = await json('user invite --email other@example.test')
    const useless = await mailedTo('other@example.test', 'invitation')
    await json(`user uninvite ${other.id}`)
    t.equal((await post('/api/auth/register', { invitation: useless, name: 'Other', password })).status, 400)
    t.match(await gatehouse('user invite --email nobody --role editor'), { code: 1 })
    t.match(await gatehouse('user invite --email x@example.test --role never-made'), { code: 1, stderr: /role/ })
  })
  await t.test('send-reset mails a link to a new password', async (t) => {
    t.match(await json('user send-reset ada@example.test'), { email: 'ada@example.test' })
    const token = await mailedTo('ada@example.test', 'reset-password')
    const next = 'nine calm otters by the river'
    t.equal((await post('/api/auth/reset-password', { token, password: next })).status, 204)
    t.same([await logIn('ada@example.test'), await logIn('ada@example.test', next)], [401, 200])
    t.match(await gatehouse('user send-reset nobody@example.test'), { code: 1, stderr: /no such user/ })
  })
  await t.test('delete ends an account at once, and once', async (t) => {
    t.match(await json('user delete guest@example.test'), { email: 'guest@example.test', deleted: true })
    t.equal(await logIn('guest@example.test'), 401)
    t.match(await gatehouse('user show guest@example.test'), { code: 1, stderr: /no such user/ })
    t.match(await gatehouse('user delete guest@example.test'), { code: 1, stderr: /no such user/ })
    const audit = (await gatehouse('audit tail --json')).stdout
    t.match(audit, 'user.deleted')
    t.notMatch(audit, 'guest@example.test')
  })
})
