import { createHash } from 'node:crypto'

/** A secret of the service that looks as random ones do, and is the same in every run. */
export function testSecret(number = 7): Buffer {
  return createHash('sha256').update(`secret ${number} of the tests`).digest()
}
