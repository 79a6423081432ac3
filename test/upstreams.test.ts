/** The code that docs/upstreams.md gives to authors of upstreams, run as it stands there. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { test } from 'tap'
import { freePort, scratchFolder } from './support/servers.ts'
import { asks, bearer, startService } from './support/service.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
type IdentityOf = (request: { headers: Record<string, unknown> }) => Promise<Record<string, unknown> | undefined>

void test('the Node code of the guide for upstreams', async (t) => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer } })
  const ada = await service.createUser({ roles: ['admin'] })
  const { accessToken } = await service.signIn(ada)
  const assertionFor = async (host: string, path: string) =>
    (await service.call('/forward-auth', { headers: { ...asks({ host, path }), ...bearer(accessToken) } })).headers[
      'x-auth-assertion'
    ]

  const guide = readFileSync(join(root, 'docs/upstreams.md'), 'utf8')
  const code = /```js\n([\s\S]*?)```/.exec(guide)?.[1]
  const folder = scratchFolder(t)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'identity.mjs'), code!)
  Object.assign(process.env, { GATEHOUSE_ISSUER: issuer, AUDIENCE: 'http://app.example.test' })
  const { identityOf } = (await import(pathToFileURL(join(folder, 'identity.mjs')).href)) as { identityOf: IdentityOf }
  const identity = (assertion: unknown) => identityOf({ headers: { 'x-auth-assertion': assertion } })

  const assertion = String(await assertionFor('app.example.test', '/reports'))
  t.match(await identity(assertion), { sub: ada.id, email: ada.email, roles: ['admin'] }, 'tells who it is')
  t.equal(await identity(undefined), undefined, 'without an assertion it is nobody')
  t.equal(await identity(''), undefined)
  await t.rejects(identity(await assertionFor('other.example.test', '/only/x')), {
    code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
  })
  await t.rejects(identity(accessToken), 'an access token is no assertion')
  const [head, body, signature] = assertion.split('.') as [string, string, string]
  const claims = { ...JSON.parse(Buffer.from(body, 'base64url').toString()), sub: 'somebody-else' }
  const forged = Buffer.from(JSON.stringify(claims)).toString('base64url')
  await t.rejects(identity(`${head}.${forged}.${signature}`), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
})
