/** Certificates that programs connect by, each of which nobody but itself vouches for. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface TestCertificate {
  pem: string
  key: string
  der: Buffer
  /** `x5t#S256`. */
  thumbprint: string
  /** As a proxy tells it in the words of RFC 9440. */
  told: string
}

/** Makes one in a folder. `kind`: as `openssl req -newkey` has it; `more`: further options of `openssl req`. */
export async function makeCertificate(
  folder: string,
  name: string,
  kind = 'ec',
  more: readonly string[] = [],
): Promise<TestCertificate> {
  const [keyFile, pemFile] = [join(folder, `${name}-key.pem`), join(folder, `${name}.pem`)]
  const curve = kind === 'ec' ? ['-pkeyopt', 'ec_paramgen_curve:P-256'] : []
  const options = ['-newkey', kind, ...curve, '-nodes', '-days', '2', '-subj', `/CN=${name}`, ...more]
  await promisify(execFile)('openssl', ['req', '-x509', ...options, '-keyout', keyFile, '-out', pemFile])
  const [pem, key] = [readFileSync(pemFile, 'utf8'), readFileSync(keyFile, 'utf8')]
  const text = pem.replaceAll(/-----[^-]+-----|\s/g, '')
  const der = Buffer.from(text, 'base64')
  return { pem, key, der, thumbprint: createHash('sha256').update(der).digest('base64url'), told: `:${text}:` }
}
