/** Which Node.js the project runs on is said in several files, each for another reader. They must mean the same one. */
import { readFileSync } from 'node:fs'
import { test } from 'tap'

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const json = <Shape>(name: string) => JSON.parse(read(name)) as Shape
const numbers = (version: string) => version.match(/\d+/g)!.map(Number)

const developed = read('.node-version').trim()
const [major] = numbers(developed)

void test('every file means the Node.js of .node-version', async (t) => {
  const { devDependencies } = json<{ devDependencies: Record<string, string> }>('package.json')
  const { packages } = json<{ packages: Record<string, { version: string }> }>('package-lock.json')
  t.match(developed, /^\d+\.\d+\.\d+$/)
  t.equal(packages['node_modules/node']?.version, developed, 'what npm ci brings along')
  t.equal(devDependencies['node'], developed, 'and no update of the lock file alone changes that')
  t.equal(numbers(devDependencies['@types/node']!)[0], major, 'the types')
  for (const file of ['Dockerfile', '.ci/check-image']) {
    const images = [...read(file).matchAll(/\bnode:(\d+)-/g)].map((match) => Number(match[1]))
    t.same([...new Set(images)], [major], file)
  }
  t.match(read('CONTRIBUTING.md'), `Scripts run on Node ${major},`)
})

void test('the oldest Node.js that is served is the one of engines, and documents name no other', async (t) => {
  const { engines } = json<{ engines: { node: string } }>('package.json')
  const [, oldest] = /^>=(\d+\.\d+)$/.exec(engines.node)!
  const [[ownMajor, ownMinor], [oldMajor, oldMinor]] = [numbers(developed), numbers(oldest!)] as [number[], number[]]
  t.ok(ownMajor! > oldMajor! || (ownMajor === oldMajor && ownMinor! >= oldMinor!), 'which development is not below')
  for (const file of ['README.md', 'docs/host.md']) t.match(read(file), `Node.js ${oldest} or newer`, file)
})
