/** The README's tour, command by command, against the service that the README starts. */
import { spawn } from 'node:child_process'
import { copyFileSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { freePort, listening, scratchFolder } from './support/servers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Each shell block of the tour with the output that the README promises, where it promises one. */
function readTour(readme: string): { commands: string; output: string | undefined }[] {
  const tour = readme.split('## Five-minute tour')[1]!.split('\n## ')[0]!
  const blocks = [...tour.matchAll(/```(sh|text)\n([\s\S]*?)```/g)].map(([, kind, text]) => ({ kind, text: text! }))
  return blocks.flatMap(({ kind, text }, index) => {
    const next = blocks[index + 1]
    return kind === 'sh' ? [{ commands: text, output: next?.kind === 'text' ? next.text : undefined }] : []
  })
}

/** One shell for the whole tour, as one terminal keeps its variables from command to command. */
function openShell(cwd: string, environment: NodeJS.ProcessEnv) {
  const shell = spawn('bash', ['-s'], { cwd, env: environment, stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  let notify = () => {}
  shell.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    notify()
  })
  return {
    run: (commands: string) =>
      new Promise<string>((done) => {
        notify = () => {
          const end = text.indexOf('\n<done>\n')
          if (end === -1) return
          done(text.slice(0, end))
          text = ''
        }
        shell.stdin.write(`${commands}\nprintf '\\n<done>\\n'\n`)
      }),
    close: () => shell.kill(),
  }
}

/** A promised output as a pattern: `…` stands for anything within its line. */
function patternOf(output: string): RegExp {
  const escaped = output.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('…', '.*')}$`)
}

void test('the README’s tour works as written, however slowly it is read', async (t) => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const folder = scratchFolder(t)
  // A checkout of its own as far as the tour can tell: it leaves files behind.
  for (const name of ['src', 'node_modules', 'drizzle', 'package.json'])
    symlinkSync(join(root, name), join(folder, name))
  copyFileSync(join(root, 'gatehouse.yaml'), join(folder, 'gatehouse.yaml'))
  const port = await freePort()
  const environment = { ...process.env, PORT: String(port), npm_config_update_notifier: 'false' }
  const service = spawn('npm', ['start'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  let printed = ''
  service.stderr.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
  t.teardown(async () => {
    const exited = new Promise((done) => service.once('exit', done))
    process.kill(-service.pid!, 'SIGKILL')
    await exited
  })
  await listening(port)

  const shell = openShell(folder, environment)
  t.teardown(() => shell.close())
  const tour = readTour(readme)
  t.ok(tour.length >= 7, 'the tour was found')
  await shell.run(/```sh\n(gatehouse\(\).*)\n```/.exec(readme)![1]!)
  for (const { commands, output } of tour) {
    const title = commands.trim().split('\n')[0]!.slice(0, 60)
    const printedByShell = await shell.run(commands.replaceAll('localhost:3000', `localhost:${port}`))
    // A reader may take longer than a token lives.
    await shell.run('[ -z "$TOKEN" ] || TOKEN=expired')
    if (output !== undefined) t.match(printedByShell.trim(), patternOf(output), title)
  }
  t.match(printed, `http://localhost:${port}/docs`, 'the start names the documentation')
  t.match(printed, 'user create', 'the start names the command for the first administrator')
})
