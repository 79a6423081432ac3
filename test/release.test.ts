/** The release script, in a checkout of its own, with the real git, npm and generator; the checks are replaced. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { scratchFolder } from './support/servers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const unreleased = '### Added\n\n- Something new.\n\n### Fixed\n\n- #1 is a number, and no comment of git.'

interface Manifest {
  version: string
  scripts: Record<string, string>
}

/** `scripts`: what takes the place of scripts of package.json, beside the checks, which only note that they ran. */
function checkout(
  t: Test,
  { notes = unreleased, scripts = {} }: { notes?: string; scripts?: Record<string, string> } = {},
) {
  const folder = scratchFolder(t)
  const file = (name: string) => join(folder, name)
  const environment = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: environment }).trim()
  for (const name of ['.ci', 'drizzle', 'openapi', 'src', 'package.json', 'package-lock.json', '.npmrc']) {
    cpSync(join(root, name), file(name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), file('node_modules'))
  const manifest = JSON.parse(readFileSync(file('package.json'), 'utf8')) as Manifest
  manifest.version = '1.9.3'
  Object.assign(manifest.scripts, { check: 'grep -q 1.10.0 openapi/openapi.yaml && touch .git/checked', ...scripts })
  writeFileSync(file('package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  writeFileSync(file('CHANGELOG.md'), `# Changes\n\n## Unreleased\n\n${notes}\n\n## 1.9.3 - 2026-01-02\n\n- The old.\n`)
  git('init', '--quiet')
  writeFileSync(file('.git/info/exclude'), 'node_modules\n')
  git('config', 'user.name', 'Ada')
  git('config', 'user.email', 'ada@example.com')
  git('add', '.')
  git('commit', '--quiet', '--message', 'feat: something new')
  return {
    git,
    folder,
    read: (name: string) => readFileSync(file(name), 'utf8'),
    write: (name: string, text: string) => writeFileSync(file(name), text),
    release(...args: string[]) {
      const given = { cwd: folder, encoding: 'utf8', env: environment } as const
      const { status, stdout, stderr } = spawnSync(process.execPath, ['.ci/release.ts', ...args], given)
      return { status, stdout, stderr }
    },
    /** What has become of the checkout: its changes, tags and commits. */
    state: () => [git('status', '--porcelain'), git('tag'), git('log', '--format=%s')],
  }
}
const untouched = ['', '', 'feat: something new']

void test('a release', async (t) => {
  await t.test(
    'has its section in the changelog, its version everywhere, a commit and a tag with that section',
    async (t) => {
      const { git, folder, read, release, state } = checkout(t)
      t.match(release('1.10.0'), { status: 0, stdout: /^v1\.10\.0 is made.*git push --follow-tags\n$/ })
      t.ok(existsSync(join(folder, '.git/checked')), 'the checks saw the new version')
      t.same(state(), ['', 'v1.10.0', 'chore(release): 1.10.0\nfeat: something new'])
      const [title] = /1\.10\.0 - \d{4}-\d\d-\d\d/.exec(read('CHANGELOG.md')) ?? []
      t.equal(
        read('CHANGELOG.md'),
        `# Changes\n\n## Unreleased\n\n## ${title}\n\n${unreleased}\n\n## 1.9.3 - 2026-01-02\n\n- The old.\n`,
      )
      const lock = JSON.parse(read('package-lock.json')) as Manifest & { packages: Record<string, Manifest> }
      t.same([lock.version, lock.packages['']?.version], ['1.10.0', '1.10.0'])
      t.match(JSON.parse(read('package.json')), { version: '1.10.0' })
      t.match(read('openapi/openapi.yaml'), /^ {2}version: 1\.10\.0$/m)
      t.equal(git('cat-file', '-t', 'v1.10.0'), 'tag', 'annotated')
      t.equal(git('tag', '--list', '--format=%(contents)', 'v1.10.0'), `${title}\n\n${unreleased}`)
      t.equal(git('rev-parse', 'v1.10.0^{}'), git('rev-parse', 'HEAD'))
      t.match(release('1.10.1'), { status: 1, stderr: /nothing stands under "Unreleased"/ })
    },
  )

  await t.test('is told and not made with --dry-run', async (t) => {
    const { release, state } = checkout(t)
    const { status, stdout } = release('2.0.0', '--dry-run')
    t.equal(status, 0)
    t.match(stdout, /^1\.9\.3 would become 2\.0\.0 in CHANGELOG\.md, /)
    t.match(stdout, `commit "chore(release): 2.0.0" and a tag v2.0.0`)
    t.ok(stdout.endsWith(`\n\n${unreleased}\n`), stdout)
    t.same(state(), untouched)
  })

  await t.test('is refused, and nothing changes', async (t) => {
    const { git, write, release, state } = checkout(t)
    const refused = (args: string[], reason: RegExp) =>
      t.match(release(...args), { status: 1, stdout: '', stderr: reason }, args.join(' '))
    for (const version of ['1.9.3', '1.8.10', '0.10.0']) refused([version], /is not higher than 1\.9\.3/)
    for (const version of ['v2.0.0', '2.0', '2.0.0-rc.1', '02.0.0', '2.0.0\n']) refused([version], /say which version/)
    refused([], /say which version/)
    refused(['2.0.0', '2.0.1'], /say which version/)
    refused(['2.0.0', '--force'], /--force/)
    t.same(state(), untouched)

    write('forgotten.ts', '')
    refused(['2.0.0'], /changes that are not committed/)
    refused(['2.0.0', '--dry-run'], /changes that are not committed/)
    git('clean', '--quiet', '--force')
    git('tag', 'v2.0.0')
    refused(['2.0.0'], /there is a tag v2\.0\.0 already/)
    t.same(state(), ['', 'v2.0.0', 'feat: something new'])
  })
  await t.test('of nothing is refused', async (t) => {
    const { release, state } = checkout(t, { notes: '### Added\n\n### Fixed' })
    t.match(release('2.0.0'), { status: 1, stderr: /nothing stands under "Unreleased"/ })
    t.same(state(), untouched)
  })
  await t.test('that does not pass the checks is taken back', async (t) => {
    const { release, state, read } = checkout(t, { scripts: { openapi: 'true', check: 'false' } })
    t.match(release('2.0.0'), { status: 1, stderr: /npm run check failed, so nothing was released/ })
    t.same(state(), untouched)
    t.match(JSON.parse(read('package.json')), { version: '1.9.3' })
  })
})
