/** `gatehouse rules`, as an operator runs it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { prepareData, run, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'

const good = `hosts:
  app.example.com:
    rules:
      - paths: [/public/**]
        allow: anyone
      - { paths: [/admin/**], allow: { roles: [admin] } }
  '*.example.com':
    rules: [{ allow: signed-in }]
`

void test('rules check', async (t) => {
  const folder = scratchFolder(t)
  const check = (text: string, ...args: string[]) => {
    writeFileSync(join(folder, 'rules.yaml'), text)
    return run(folder, ['rules', 'check', ...args], { GATEHOUSE_CONFIG: 'rules.yaml' })
  }
  t.match(await check(good), { code: 0, stdout: /app\.example\.com +2 +0\n\*\.example\.com +1 +0\n$/, stderr: '' })
  t.same(JSON.parse((await check(good, '--json')).stdout), [
    { host: 'app.example.com', rules: 2, expectations: 0 },
    { host: '*.example.com', rules: 1, expectations: 0 },
  ])
  const bad = await check(good.replace('[/public/**]', '[/a/**/b]').replace('signed-in', 'everybody'))
  t.match(bad, { code: 1, stdout: '' })
  t.match(bad.stderr, /rules\.yaml:8:15: hosts\.\*\.example\.com\.rules\.1\.allow: expected/)
  t.match((await check(good.replace('[/public/**]', '[/a/**/b]'))).stderr, /rules\.yaml:4:17: .*paths\.1/)
  t.match(await run(folder, ['rules', 'check'], { GATEHOUSE_CONFIG: 'absent.yaml' }), { code: 1, stderr: /ENOENT/ })
  t.match(await run(folder, ['rules'], {}), { code: 2, stderr: /check, diff, explain/ })
})

void test('rules check names what will not have been meant, and holds expectations', async (t) => {
  const folder = scratchFolder(t)
  const check = (text: string) => {
    writeFileSync(join(folder, 'gatehouse.yaml'), text)
    return run(folder, ['rules', 'check'], { GATEHOUSE_ISSUER: 'https://auth.example.com' })
  }
  const doubtful = await check(good.replace('paths: [/public/**]', 'paths: [/**]'))
  t.match(doubtful, { code: 0, stdout: /app\.example\.com +2 +0\n/ })
  t.match(
    doubtful.stderr,
    /^warning: gatehouse\.yaml:6:9: .*rule 2 \(line 6\) never decides: rule 1 \(line 4\) comes first/,
  )
  const expecting = `${good}    expect: [{ path: /, as: signed-in, result: allow }]\n`
  t.match(await check(expecting), { code: 0, stdout: /\*\.example\.com +1 +1\n/, stderr: '' })
  t.match(await check(expecting.replace('result: allow', 'result: forbidden')), {
    code: 1,
    stderr: /expected forbidden for GET/,
  })
})

void test('rules diff', async (t) => {
  const folder = scratchFolder(t)
  writeFileSync(join(folder, 'old.yaml'), good)
  writeFileSync(join(folder, 'new.yaml'), good.replace('roles: [admin]', 'roles: [admin, editor]'))
  writeFileSync(join(folder, 'bad.yaml'), 'host: {}')
  const diff = (...args: string[]) => run(folder, ['rules', 'diff', ...args], {})
  t.match(await diff('old.yaml', 'old.yaml'), { code: 0, stdout: 'Nothing changes for anybody.\n' })
  t.same(await diff('old.yaml', 'new.yaml'), {
    code: 1,
    stdout: `app.example.com
  rule 2 (line 6) → rule 2 (line 6)
    GET https://app.example.com/admin
      forbidden → allow: a person, role editor
`,
    stderr: '',
  })
  const machine = await diff('old.yaml', 'new.yaml', '--json')
  t.equal(machine.code, 1)
  t.match(JSON.parse(machine.stdout), [
    {
      host: 'app.example.com',
      listed: 'both',
      complete: true,
      requests: [{ example: { url: 'https://app.example.com/admin' } }],
    },
  ])
  t.match(await run(folder, ['rules', 'diff', '-', 'new.yaml'], {}, good), { code: 1, stdout: /role editor/ })
  t.match(await diff('old.yaml', 'bad.yaml'), {
    code: 2,
    stderr: /bad\.yaml:1:1: host: there is no such setting; did you mean hosts\?/,
  })
  t.match(await diff('old.yaml', 'absent.yaml'), { code: 2, stderr: /absent\.yaml: cannot be read \(ENOENT\)/ })
  t.match(await diff('old.yaml'), { code: 2, stderr: /expected <old> <new>/ })
})

void test('rules explain', async (t) => {
  const folder = scratchFolder(t)
  writeFileSync(join(folder, 'gatehouse.yaml'), good)
  const environment = { GATEHOUSE_DATA_DIR: join(folder, 'data') }
  prepareData(environment.GATEHOUSE_DATA_DIR)
  const explain = (...args: string[]) => run(folder, ['rules', 'explain', ...args], environment)
  const url = 'https://app.example.com/admin/x'

  await t.test('needs no running service', async (t) => {
    const { code, stdout } = await explain('--method', 'GET', '--url', url, '--roles', 'admin')
    t.equal(code, 0)
    t.match(stdout, 'allow: Every condition of the rule holds.\nhost app.example.com\n')
    t.match(stdout, '  rule 1 (line 4) does not apply: path\n')
    t.match(stdout, '  rule 2 (line 6) decides: allow {"roles":["admin"]}\n')
    t.match(stdout, '  X-Auth-Roles: admin\n')
    t.match(stdout, '  aud: "https://app.example.com"\n')
  })
  await t.test(
    'shows the segments of a path with escapes, and the rule that another reading of it meets',
    async (t) => {
      const encoded = good.replace('  app.example.com:\n', '  app.example.com:\n    encoded: [slash]\n')
      writeFileSync(join(folder, 'encoded.yaml'), encoded.replace("  '*.ex", "      - allow: signed-in\n  '*.ex"))
      const args = ['rules', 'explain', '--url', 'https://app.example.com/admin%2Fx', '--roles', 'editor']
      const { code, stdout } = await run(folder, args, { ...environment, GATEHOUSE_CONFIG: 'encoded.yaml' })
      t.equal(code, 0)
      t.match(stdout, /^forbidden: .* whose rule is held too\. The condition `roles` does not hold\.\n/)
      t.match(stdout, '\nsegments of the path: "admin/x"\n')
      t.match(stdout, '\ndecoded again: "admin", "x", so rule 2 (line 7) is held too: allow {"roles":["admin"]}\n')
    },
  )
  await t.test('and asks a running one by its own rules', async (t) => {
    await serve(t, folder, environment)
    t.match(JSON.parse((await explain('--url', url, '--roles', 'a,b', '--level', 'aal2', '--json')).stdout), {
      decision: 'forbidden',
      reason: 'The condition `roles` does not hold.',
      rule: { number: 2, line: 6, allow: { roles: ['admin'] } },
      earlier: [{ number: 1, line: 4, mismatch: 'path' }],
    })
    const refused = await explain('--url', 'https://app.example.com/public/../admin/x')
    t.match(refused, { code: 0, stdout: /^refused: .* segment 2 of the path is a dot segment/ })
    t.match(await explain('--url', url, '--user', 'nobody@example.com'), { code: 1, stderr: /no such user/ })
    t.match(await explain(), { code: 2, stderr: /--url is required/ })
  })
})
