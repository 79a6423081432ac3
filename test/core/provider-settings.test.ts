/** Settings of providers: what is wrong stops the start with its place, and no secret is repeated. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config.ts'
import { scratchFolder } from '../support/servers.ts'

const secret = 'hunter2-of-the-lab'
const variable = 'GATEHOUSE_PROVIDER_LAB_SECRET'
const lab = { name: 'lab', issuer: 'https://login.example.com', client_id: 'gatehouse' }

void test('settings of providers', async (t) => {
  const folder = scratchFolder(t)
  const file = join(folder, 'gatehouse.yaml')
  const load = (providers: readonly object[], environment: Record<string, string> = { [variable]: secret }) => {
    writeFileSync(file, stringify({ sign_in: { providers } }))
    return loadConfig({ GATEHOUSE_DATA_DIR: join(folder, 'data'), GATEHOUSE_CONFIG: file, ...environment })
  }
  const faults = (...given: Parameters<typeof load>) => {
    try {
      load(...given)
      return ''
    } catch (error) {
      return (error as Error).message.replaceAll(/\S*\/(gatehouse\.yaml)/g, '$1')
    }
  }

  await t.test('a provider needs a name, a client, an issuer or a preset that has one, and its secret', async (t) => {
    t.match(load([lab]).providers, [
      { ...lab, secret, title: 'lab', first_sign_in: 'ask', scopes: ['openid', 'profile', 'email'] },
    ])
    const [google] = load([{ name: 'lab', preset: 'google', client_id: 'x', domains: ['Bücher.example'] }]).providers
    t.match(google, { issuer: 'https://accounts.google.com', title: 'Google', domains: ['xn--bcher-kva.example'] })
    const path = join(folder, 'secret')
    writeFileSync(path, `${secret}\n`)
    t.match(load([lab], { [`${variable}_FILE`]: path }).providers, [{ secret }])
    t.match(load([{ ...lab, public: true }], {}).providers, [{ secret: undefined }])
  })

  await t.test('what is wrong is named by its place', async (t) => {
    const entra = { ...lab, preset: 'entra', issuer: 'https://login.microsoftonline.com/organizations/v2.0' }
    const wrong: [string, readonly object[], RegExp][] = [
      ['no issuer', [{ name: 'lab', client_id: 'x' }], /providers\.1: expected an issuer/],
      ['plain http', [{ ...lab, issuer: 'http://login.example.com' }], /1\.issuer: expected an https URL/],
      ['no URL', [{ ...lab, issuer: 'login.example.com' }], /1\.issuer: expected a URL with its scheme/],
      ['a password in the issuer', [{ ...lab, issuer: 'https://a:b@c.test' }], /1\.issuer: expected a URL without/],
      ['a name that no variable can have', [{ ...lab, name: 'Lab!' }], /1\.name: expected a name of at most 32/],
      ['a name twice', [lab, { ...lab, issuer: 'https://b.test' }], /2\.name: expected another name/],
      ['an issuer twice', [lab, { ...lab, name: 'b' }], /2\.issuer: expected another issuer/],
      [
        'a misspelt key',
        [{ ...lab, acr_value: ['gold'] }],
        /1\.acr_value: there is no such setting; did you mean acr_values/,
      ],
      ['no domain', [{ ...lab, trust_email_for: ['*'] }], /1\.trust_email_for\.1: expected a mail domain/],
      [
        'a domain of two',
        [
          { ...lab, domains: ['a.test'] },
          { ...lab, name: 'b', issuer: 'https://b.test', domains: ['a.test'] },
        ],
        /2\.domains\.1: expected another domain/,
      ],
      [
        'organisations elsewhere',
        [{ ...lab, allow: { organisations: ['x'] } }],
        /allow\.organisations: it is for the preset github/,
      ],
      ['any tenant', [{ ...entra }], /1\.issuer: expected the issuer of a tenant/],
      ['Apple without a key', [{ name: 'lab', preset: 'apple', client_id: 'x' }], /providers\.1: expected apple:/],
      [
        'levels of GitHub',
        [{ name: 'lab', preset: 'github', client_id: 'x', acr_values: ['x'] }],
        /1\.acr_values: GitHub/,
      ],
      ['no ID token', [{ ...lab, scopes: ['email'] }], /1\.scopes: expected openid/],
    ]
    for (const [name, providers, expected] of wrong) t.match(faults(providers), expected, name)
    t.match(load([{ ...entra, allow: { tenants: ['t'] } }]).providers, [{ allow: { tenants: ['t'] } }])
  })

  await t.test('a secret that is missing, too many, or no key is named, and never repeated', async (t) => {
    const found = [
      faults([lab], {}),
      faults([lab], { [variable]: secret, GATEHOUSE_PROVIDER_LAP_SECRET: secret }),
      faults([{ ...lab, public: true }]),
      faults([{ name: 'lab', preset: 'apple', client_id: 'x', apple: { team_id: 't', key_id: 'k' } }]),
      faults([lab], { [variable]: secret, [`${variable}_FILE`]: '/nowhere/hunter2' }),
      faults([lab], { [variable]: `${secret}\n${secret}` }),
    ]
    const expected = [
      /^GATEHOUSE_PROVIDER_LAB_SECRET: expected the secret of lab/,
      /^GATEHOUSE_PROVIDER_LAP_SECRET: there is no provider of this name/,
      /^GATEHOUSE_PROVIDER_LAB_SECRET: .* public/,
      /^GATEHOUSE_PROVIDER_LAB_SECRET: expected a private key in PEM/,
      /^GATEHOUSE_PROVIDER_LAB_SECRET_FILE: GATEHOUSE_PROVIDER_LAB_SECRET is given too/,
      /^GATEHOUSE_PROVIDER_LAB_SECRET: expected a secret of one line/,
    ]
    for (const [at, pattern] of expected.entries()) t.match(found[at], pattern)
    t.notMatch(found.join('\n'), /hunter2/)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const path = join(folder, 'key.p8')
    writeFileSync(path, key)
    const apple = { name: 'lab', preset: 'apple', client_id: 'x', apple: { team_id: 't', key_id: 'k' } }
    t.match(load([apple], { [`${variable}_FILE`]: path }).providers, [{ title: 'Apple' }])
  })

  await t.test('somebody has to have a way in, and whoever lets anybody in is told', async (t) => {
    writeFileSync(file, stringify({ sign_in: { passwords: false } }))
    t.throws(
      () => loadConfig({ GATEHOUSE_DATA_DIR: join(folder, 'data'), GATEHOUSE_CONFIG: file }),
      /sign_in\.passwords: expected true/,
    )
    const open = { name: 'lab', preset: 'google', client_id: 'x', first_sign_in: 'create' }
    t.match(load([open]).warnings, [/first_sign_in: anybody who has an account there/])
    t.same(load([{ ...open, allow: { hd: ['example.com'] } }]).warnings, [])
  })
})
