import { hash, timingSafeEqual } from 'node:crypto'
import { broken, bytesOf, type Spelling } from './spelling.ts'

/** One round of a salted hash: quick to guess, which is why the next sign-in replaces it. */
const saltedHash = (scheme: string, digest: string, bytes: number): Spelling => ({
  name: `ldap-${scheme.toLowerCase()}`,
  read(text) {
    const mark = `{${scheme}}`
    if (text.slice(0, mark.length).toUpperCase() !== mark) return undefined
    const whole = bytesOf(text.slice(mark.length))
    if (whole === undefined || whole.length <= bytes || whole.length > bytes + 64) return broken
    const [key, salt] = [whole.subarray(0, bytes), whole.subarray(bytes)]
    return {
      costs: '1',
      matches: async (password) =>
        timingSafeEqual(hash(digest, Buffer.concat([Buffer.from(password), salt]), 'buffer'), key),
    }
  },
})

export const ldap: readonly Spelling[] = [
  saltedHash('SSHA', 'sha1', 20),
  saltedHash('SSHA256', 'sha256', 32),
  saltedHash('SSHA512', 'sha512', 64),
]
