/** Debian's nginx with the documented configuration, as the current user. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram, listening, scratchFolder } from './servers.ts'

const documented = fileURLToPath(new URL('../../docs/proxies/nginx.conf', import.meta.url))

export const hasNginx = findProgram('nginx') !== undefined

export interface Nginx {
  port: number
  /** What nginx wrote to its error log. */
  errors(): string
}

interface Ports {
  /** Where nginx listens. Chosen by the caller, since the service must know it first. */
  port: number
  servicePort: number
  upstreamPort: number
  /** False: the application is served to anyone, as a measure of what the question costs. */
  asks?: boolean
}

/** `app.example.com` becomes these names; they share one upstream. */
export const appHosts = ['app.example.test', 'other.example.test']
export const authHost = 'auth.example.test'

/** Something in the file to break, as an operator might: what stands there, and what stands there instead. */
export type Edit = readonly [found: string, instead: string]

/** Starts nginx with docs/proxies/nginx.conf; hosts, ports and the edits are all that differs from the file. */
export async function startNginx(
  t: { teardown(after: () => unknown): unknown },
  ports: Ports,
  edits: readonly Edit[] = [],
): Promise<Nginx> {
  const program = findProgram('nginx')
  if (program === undefined) throw new Error('nginx is not installed')
  // The folder goes last: teardowns run in reverse.
  const folder = scratchFolder(t)
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'gatehouse.conf'), substitute(edit(readFileSync(documented, 'utf8'), edits), ports))
  writeFileSync(join(folder, 'nginx.conf'), mainFile(folder))
  const server = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  server.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  const ended = new Promise<void>((done) => server.once('exit', () => done()))
  t.teardown(async () => {
    server.kill('SIGTERM')
    await ended
  })
  const refused = ended.then(() => Promise.reject(new Error(`nginx ended: ${complaint}`)))
  await Promise.race([listening(ports.port), refused])
  // From now on an end is what the teardown wants.
  refused.catch(() => {})
  return { port: ports.port, errors: () => readFileSync(join(folder, 'error.log'), 'utf8') }
}

function edit(text: string, edits: readonly Edit[]): string {
  return edits.reduce((edited, [found, instead]) => {
    if (!edited.includes(found)) throw new Error(`docs/proxies/nginx.conf: nothing says ${found}`)
    return edited.replaceAll(found, () => instead)
  }, text)
}

/** Throws when the file no longer says what is to be replaced: a substitution must never silently do nothing. */
function substitute(text: string, { port, servicePort, upstreamPort, asks = true }: Ports): string {
  const replacements: [RegExp, string][] = [
    [/listen 80\b/g, `listen 127.0.0.1:${port}`],
    [/127\.0\.0\.1:3000/g, `127.0.0.1:${servicePort}`],
    [/127\.0\.0\.1:8080/g, `127.0.0.1:${upstreamPort}`],
    [/\$host\b(?=[;$])/g, '$host:$server_port'],
    [/server_name app\.example\.com/g, `server_name ${appHosts.join(' ')}`],
    [/server_name auth\.example\.com/g, `server_name ${authHost}`],
    ...(asks ? [] : [[/^ *auth_request \/\.gatehouse;$/gm, ''] as [RegExp, string]]),
  ]
  let result = text
  for (const [pattern, replacement] of replacements) {
    if (!pattern.test(result)) throw new Error(`docs/proxies/nginx.conf: nothing matches ${pattern.source}`)
    result = result.replace(pattern, () => replacement)
  }
  return result
}

/** What Debian's nginx.conf has around the files of conf.d, with every file of nginx's own in the scratch folder. */
function mainFile(folder: string): string {
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
events { worker_connections 512; }
http {
  access_log ${folder}/access.log;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  include ${folder}/gatehouse.conf;
}
`
}
