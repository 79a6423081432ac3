import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { UsageError } from './command.ts'

/** How long to look for something on standard input that nobody said was there. */
const lookForMilliseconds = 200

/**
 * Reads a password: all of standard input with `--password-stdin`, else from a person at a terminal, unseen. Nothing
 * when neither is there. Never from the arguments, which every process on the machine can read. Throws a `UsageError`
 * when standard input holds something and `--password-stdin` was not given, or what is no UTF-8: a password that is passed over in
 * silence, or changed, leaves an account that nobody can sign in to.
 */
export async function readPassword(fromStdin: boolean): Promise<string | undefined> {
  if (fromStdin) return textOf(await buffer(process.stdin)).replace(/\r?\n$/, '')
  if (process.stdin.isTTY) return askForPassword()
  if (await holdsSomething(process.stdin)) {
    throw new UsageError('standard input holds something: give --password-stdin to have it read as the password')
  }
  return undefined
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UsageError('the password on standard input is no UTF-8 text')
  }
}

/** Ctrl-C ends the program as it does anywhere else: at once, with nothing printed and nothing done. */
async function askForPassword(): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() })
  const prompt = createInterface({ input: process.stdin, output: unseen, terminal: true })
  prompt.once('SIGINT', () => {
    process.stderr.write('\n')
    process.exit(130)
  })
  // Last, when the terminal shows nothing any more of what is typed: whoever is quick begins as soon as they are asked.
  process.stderr.write('Password: ')
  try {
    const ended = new Promise<never>((_, fail) =>
      prompt.once('close', () => fail(new UsageError('no password was given'))),
    )
    return await Promise.race([prompt.question(''), ended])
  } finally {
    prompt.close()
    process.stderr.write('\n')
  }
}

/** A pipe that stays open and empty, as a scheduler's may, holds nothing. */
function holdsSomething(input: NodeJS.ReadStream): Promise<boolean> {
  return new Promise((done) => {
    const settle = (answer: boolean) => {
      clearTimeout(patience)
      input.pause()
      // An open pipe must not keep the program alive.
      input.unref?.()
      done(answer)
    }
    const patience = setTimeout(() => settle(false), lookForMilliseconds)
    input.once('data', () => settle(true))
    input.once('end', () => settle(false))
    input.once('error', () => settle(false))
  })
}
