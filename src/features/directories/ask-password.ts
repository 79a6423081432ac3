import type { User } from '../../core/records/user.ts'
import type { Admit } from './admit.ts'
import type { AskedPassword, NotProven, TestPassword } from './test-password.ts'

/** What the directories say to a name and a password of somebody who signs in. */
export type DirectoryAnswer =
  | { kind: 'right'; user: User }
  | NotProven
  /** The password is right, and the person has no account here, and gets none. */
  | { kind: 'not_admitted'; directory: string }

/** Rejects with a `DirectoryFault` when a directory that may know the person gives no answer. */
export type AskPassword = (asked: AskedPassword) => Promise<DirectoryAnswer>

/** Tests a password that a directory keeps, and finds or makes the account of whoever it belongs to. */
export function createAskPassword({ test, admit }: { test: TestPassword; admit: Admit }): AskPassword {
  return async (asked) => {
    const tested = await test(asked)
    if (tested.kind !== 'proven') return tested
    const user = await admit(tested.directory, tested.person, tested.groups)
    return user === undefined
      ? { kind: 'not_admitted', directory: tested.directory.config.title }
      : { kind: 'right', user }
  }
}
