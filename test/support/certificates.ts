/** Certificates of a test's own, made by openssl. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Files in PEM. */
export interface Certificate {
  cert: string
  key: string
}

/** An authority, and what it signs, in a folder that is made. `alternative` are names as openssl spells them: `DNS:localhost`. */
export function authorityIn(folder: string) {
  mkdirSync(folder, { recursive: true })
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=An authority', '-days', '2')
  return {
    ca: join(folder, 'ca.pem'),
    issue(name: string, commonName: string, alternative: string): Certificate {
      openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${commonName}`)
      writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${alternative}\n`)
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`, '-days', '2']
      openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.pem`)
      chmodSync(join(folder, `${name}.key`), 0o600)
      return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
    },
  }
}

/** A certificate that nobody vouches for but itself. */
export function selfSignedIn(folder: string, alternative: string): Certificate {
  mkdirSync(folder, { recursive: true })
  const names = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${alternative}`]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...key, ...names, '-keyout', 'key.pem', '-out', 'cert.pem'], {
    cwd: folder,
    stdio: 'pipe',
  })
  return { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
}
