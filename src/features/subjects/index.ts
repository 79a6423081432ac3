/** How programs know people: by their ids, or by names of their own (OpenID Connect Core §8). */
import type { Base } from '../../base.ts'
import { unavailable } from '../../core/errors.ts'
import { randomSecret } from '../../core/secrets.ts'
import { createSubjects as createNames, type Subjects as Names } from '../../core/subjects.ts'
import type { Feature } from '../../http/feature.ts'

export interface Subjects extends Feature, Names {}

export function createSubjects({ stores }: Base): Subjects {
  let salt: string | undefined
  return {
    ...createNames(() => {
      if (salt === undefined) throw unavailable(new Error('the salt of pairwise subjects was not read yet'))
      return salt
    }),
    async start() {
      salt = await stores.clients.subjectSalt(randomSecret())
    },
  }
}
