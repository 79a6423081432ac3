/** Access rules that change under a running service, in a process of its own. */
import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { stringify } from 'yaml'
import { commandLine, handedOn, prepareData } from './support/program.ts'
import { freePort, listening, scratchFolder } from './support/servers.ts'
import { ask, asks } from './support/service.ts'
import { patientProxies, until } from './support/patience.ts'

void test('rules are replaced without a restart, and a bad file changes nothing', async (t) => {
  const folder = scratchFolder(t)
  const [port, file] = [await freePort(), join(folder, 'gatehouse.yaml')]
  const write = (rules: string) =>
    writeFileSync(
      file,
      `hosts:\n  app.example.test:\n    rules:\n${rules}${stringify({ proxies: patientProxies, shutdown: { drain_seconds: 0 } })}`,
    )
  write('      - allow: signed-in\n')
  const environment = {
    ...handedOn(),
    PORT: String(port),
    GATEHOUSE_DATA_DIR: folder,
    GATEHOUSE_CONFIG: file,
  }
  prepareData(folder)
  const child = spawn(process.execPath, commandLine('serve'), { env: environment, stdio: ['ignore', 'pipe', 'ignore'] })
  let logged = ''
  child.stdout.on('data', (chunk: Buffer) => void (logged += chunk.toString()))
  t.teardown(async () => {
    const exited = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await exited
  })
  await listening(port)

  const statuses = new Set<number>()
  const decision = async (host = 'app.example.test') => {
    const { status } = await ask(port, '/forward-auth/traefik', { headers: asks({ path: '/', host }) })
    statuses.add(status)
    return status
  }
  t.equal(await decision(), 401)
  write('      - allow: anyone\n')
  await until('the new rules decide', async () => (await decision()) === 200)
  write('      - alow: anyone\n')
  await until('a bad file is refused', () => logged.includes('rules.refused'))
  t.match(
    logged,
    /gatehouse\.yaml:4:9: hosts\.app\.example\.test\.rules\.1\.alow: there is no such setting; did you mean allow/,
  )
  t.equal(await decision(), 200, 'the old rules stay')
  rmSync(file)
  await until('a missing file is refused', () => logged.includes('cannot be read (ENOENT)'))
  t.equal(await decision(), 200)
  write(
    '      - allow: signed-in\n  other.example.test:\n    rules:\n      - { paths: [/x], allow: { roles: [ghost] } }\n      - allow: anyone\n',
  )
  await until('a mended file is taken', async () => (await decision()) === 401)
  t.equal(await decision('other.example.test'), 200)
  await until('a role that nobody made is told', () =>
    logged.includes('rule 1 (line 7) of other.example.test asks for the role ghost'),
  )
  t.same(
    [...statuses].toSorted((a, b) => a - b),
    [200, 401],
    'no question went unanswered meanwhile',
  )
})
