import { readFileSync } from 'node:fs'
import { SetupError } from './core/errors.ts'
import type { TlsFiles } from './core/server-url.ts'

export type PemKind = 'certificate' | 'key' | 'revocations'

const markers: Record<PemKind, RegExp> = {
  certificate: /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/,
  key: /-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/,
  revocations: /-----BEGIN X509 CRL-----/,
}

/** A file in PEM that a word of a URL names; throws a `SetupError` that tells the setting and the word, not the file. */
export function readPem(setting: string, word: string, path: string, kind: PemKind): string {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    throw new SetupError(`${setting}: ${word}: the file cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  if (markers[kind].test(content)) return content
  throw new SetupError(`${setting}: ${word}: the file holds no such thing in PEM`)
}

/** What the files hold that `sslrootcert`, `sslcert` and `sslkey` of a URL name, as TLS of Node.js takes it. Throws as `readPem`. */
export function readTlsFiles(
  setting: string,
  { rootCertificates, certificate, key }: TlsFiles,
): { ca?: string; cert?: string; key?: string } {
  return {
    ...(rootCertificates && { ca: readPem(setting, 'sslrootcert', rootCertificates, 'certificate') }),
    ...(certificate && { cert: readPem(setting, 'sslcert', certificate, 'certificate') }),
    ...(key && { key: readPem(setting, 'sslkey', key, 'key') }),
  }
}
