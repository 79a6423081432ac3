/** Programs that verify tokens: recipes of the guides, in their languages, with the clock that a test gives them. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer, request } from 'node:http'
import { basename, delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { clockLibrary, hasVerifier, placeOf } from '../verifiers/install.ts'
import { findProgram, freePort, scratchFolder } from './servers.ts'
import type { TestClock } from './service.ts'

interface Teardown {
  teardown(after: () => unknown): unknown
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The one block of a guide that is written in a language. */
export function codeIn(guide: string, language: string): string {
  const text = readFileSync(join(root, 'docs', guide), 'utf8')
  const [block, ...others] = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))]
  if (block === undefined || others.length > 0) throw new Error(`${guide} has not one block of ${language}`)
  return block[1]!
}

export interface VerifierClock {
  /** Seconds by which verifiers are ahead of the service; negative: behind. */
  skew: number
  /** Epoch milliseconds. */
  now(): number
  /** Lets the programs see it; theirs runs on from there. */
  show(): void
  /** For programs that ask libc for the time. */
  environment: Record<string, string>
}

/** A clock for programs that shows the service's time, which runs only when the test moves it. */
export function createVerifierClock(t: Teardown, clock: TestClock): VerifierClock {
  const path = join(scratchFolder(t), 'clock')
  writeFileSync(path, Buffer.alloc(16))
  const file = openSync(path, 'r+')
  t.teardown(() => closeSync(file))
  const shown = new BigInt64Array(2)
  const verifierClock: VerifierClock = {
    skew: 0,
    now: () => clock.now() + verifierClock.skew * 1000,
    show() {
      shown[0] = BigInt(verifierClock.now() - Date.now()) * 1_000_000n
      // A monotonic clock that goes back ends Node, among others.
      if (shown[0] > shown[1]!) shown[1] = shown[0]
      writeSync(file, shown, 0, 16, 0)
    },
    environment: { LD_PRELOAD: clockLibrary(), CLOCK_FILE: path },
  }
  verifierClock.show()
  return verifierClock
}

export interface Verifier {
  /** Where it fetches the key set. */
  keys: Issuer
  /** What it makes of a token: `200 SUBJECT`, `401 WHY` or `503 WHY`. */
  verify(token: string): Promise<string>
}

export interface Issuer {
  url: string
  /** How often the key set was asked for. */
  fetches(): number
  /** From now on the key set cannot be had, or can again. */
  fail(fails: boolean): void
}

/** An issuer's address in front of the service, which counts how often the key set is fetched. */
export async function startIssuer(t: Teardown, answer: { port: number } | (() => string)): Promise<Issuer> {
  let [fetches, fails] = [0, false]
  const server = createServer((incoming, response) => {
    fetches++
    if (fails) return void response.writeHead(500).end()
    if (typeof answer === 'function') {
      const headers = { 'content-type': 'application/jwk-set+json', 'cache-control': 'public, max-age=300' }
      return void response.writeHead(200, headers).end(answer())
    }
    const { url: path, headers } = incoming
    request({ port: answer.port, host: '127.0.0.1', path, headers }, (set) => {
      response.writeHead(set.statusCode!, set.headers)
      set.pipe(response)
    }).end()
    return undefined
  })
  const port = await freePort()
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise<void>((done) => server.close(() => done()))
  })
  return { url: `http://127.0.0.1:${port}`, fetches: () => fetches, fail: (now) => void (fails = now) }
}

export type Language = 'Node' | 'Python' | 'Go' | 'Java' | 'Rust' | 'PHP'

/** How a program is made of a recipe in a folder, where test/verifiers/LANGUAGE lies already; what runs it. */
const builders: Record<Language, (folder: string, code: string) => Promise<readonly [string, ...string[]]>> = {
  async Node(folder, code) {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'recipe.mjs'), code)
    return [process.execPath, 'main.mjs']
  },
  async Python(folder, code) {
    writeFileSync(join(folder, 'recipe.py'), code)
    return [join(placeOf('Python'), 'bin/python3'), 'main.py']
  },
  async Go(folder, code) {
    // What calls the recipe belongs to its kind; the clause about the package is the reader's to choose.
    const kind = /func (ClaimsOf|Of)\(/.exec(code)?.[1]
    const callers = { access_tokens: kind === 'ClaimsOf', assertions: kind === 'Of', libraries: kind === undefined }
    const [caller] = Object.entries(callers).find(([, is]) => is)!
    const own = join(folder, 'own')
    mkdirSync(own)
    for (const file of ['go.mod', 'go.sum', 'programs_test.go', `${caller}_test.go`]) {
      cpSync(join(folder, file), join(own, file))
    }
    writeFileSync(join(own, 'recipe.go'), code.replace(/^package .*/, 'package identity'))
    await compile('Go', own, own, 'verify', ['go', 'test', '-c', '-o', 'verify', '.'])
    return [join(own, 'verify'), '-test.run=TestVerify', '-test.timeout=0']
  },
  async Java(folder, code) {
    writeFileSync(join(folder, 'AccessTokens.java'), code)
    const libraries = join(placeOf('Java'), '*')
    await compile('Java', folder, folder, 'classes', [
      ...['javac', '-cp', libraries, '-d', 'classes', 'AccessTokens.java', 'Main.java'],
    ])
    return ['java', '-XX:TieredStopAtLevel=1', '-cp', `${libraries}${delimiter}classes`, 'Main']
  },
  async Rust(folder, code) {
    mkdirSync(join(folder, 'src'))
    cpSync(join(folder, 'main.rs'), join(folder, 'src/main.rs'))
    writeFileSync(join(folder, 'src/verify.rs'), code)
    // Test files build at the same time, into one place.
    const name = code.includes('identity-assertion+jwt') ? 'verify-assertions' : 'verify'
    for (const file of [join(folder, 'Cargo.toml'), join(placeOf('Rust'), 'Cargo.lock')]) {
      const named = readFileSync(file, 'utf8').replace('name = "verify"', `name = "${name}"`)
      writeFileSync(join(folder, basename(file)), named)
    }
    const target = join(placeOf('Rust'), 'target')
    const cargo = ['cargo', 'build', '--quiet', '--offline', '--locked', '--target-dir', target]
    await compile('Rust', folder, join(target, 'debug'), name, cargo)
    return [join(folder, name)]
  },
  async PHP(folder, code) {
    writeFileSync(join(folder, 'recipe.php'), code.replace('/var/lib/app', folder))
    // Its standard input is a socket here, on which PHP waits for a minute otherwise.
    return ['php', '-d', 'default_socket_timeout=86400', 'main.php']
  },
}

/** Languages whose recipes can be run here. */
export const languages = (Object.keys(builders) as Language[]).filter((name) => name === 'Node' || hasVerifier(name))

/** Runs a recipe until the test ends. */
export async function startVerifier(
  t: Teardown,
  language: Language,
  code: string,
  { clock, issuer, environment }: { clock: VerifierClock; issuer: Issuer; environment: Record<string, string> },
): Promise<Verifier> {
  const folder = scratchFolder(t)
  cpSync(join(root, 'test/verifiers', language.toLowerCase()), folder, { recursive: true })
  const [program, ...args] = await builders[language](folder, code)
  const isGo = language === 'Go'
  clock.show()
  const env = { ...process.env, ...(!isGo && clock.environment), GATEHOUSE_ISSUER: issuer.url, ...environment }
  const child = spawn(program, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4_000)))
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  child.stdin.on('error', () => {})
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  // The clock of a bubble (Go's testing/synctest) begins here, and runs forwards alone.
  let bubble = Date.UTC(2000, 0, 1)
  return {
    keys: issuer,
    async verify(token) {
      if (isGo && clock.now() !== bubble) {
        child.stdin.write(`+${clock.now() - bubble}ms\n`)
        bubble = clock.now()
      }
      clock.show()
      child.stdin.write(`${token}\n`)
      const { value, done } = await answers.next()
      if (done) throw new Error(`${language} ended: ${complaint}`)
      return value
    },
  }
}

/**
 * Has a compiler make `output` of the sources in a folder, or takes what it made of the same ones before. It is a file or a folder in
 * `into`, and comes to lie beside the sources.
 */
async function compile(language: Language, sources: string, into: string, output: string, command: readonly string[]) {
  const compiler = statSync(realpathSync(findProgram(command[0]!)!))
  const hash = createHash('sha256').update(`${output} ${compiler.size} ${compiler.mtimeMs}`)
  for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' }).toSorted()) {
    const file = join(sources, name)
    if (statSync(file).isFile()) hash.update(`\0${name}\0`).update(readFileSync(file))
  }
  const kept = join(placeOf(language), 'compiled', hash.digest('hex').slice(0, 32))
  if (!existsSync(kept)) {
    await run(sources, command)
    // Test files compile at the same time: what is there is whole.
    const partial = `${kept}.${process.pid}`
    cpSync(join(into, output), join(partial, output), { recursive: true })
    try {
      renameSync(partial, kept)
    } catch {
      rmSync(partial, { recursive: true, force: true })
    }
  }
  cpSync(join(kept, output), join(sources, output), { recursive: true })
}

/** Runs a program to its end. Rejects when it fails. */
function run(cwd: string, [program, ...args]: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(program!, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.on('error', fail)
    child.on('close', (code) => (code === 0 ? done() : fail(new Error(`${program}: ${said}`))))
  })
}
