import { hash } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { IsBreached } from '../core/password-policy.ts'
import { createTellOnce } from '../core/tell-once.ts'

/** A range with its padding has less than a tenth of it. */
const maxAnswerBytes = 1024 * 1024
const hashPrefixLength = 5
/** How long it stays unsaid in the log that there is still no answer. */
const quietSeconds = 86_400

/**
 * Asks a range API (Have I Been Pwned, or one's own copy) whether a password is known from a leak. It learns five
 * characters of the SHA-1 of the password, which some thousand passwords share, and answers all hashes that begin so. Padding is
 * asked for, so that the size of the answer tells nobody on the way which range it was. Resolves to false when there is no
 * answer that can be read in time: it is said in the log, once a day.
 */
export function createBreachedPasswords(
  {
    breached_url: url,
    breached_within_milliseconds: within,
  }: { breached_url?: string; breached_within_milliseconds: number },
  { clock, log }: { clock: Clock; log: Log },
): IsBreached {
  if (url === undefined) return async () => false
  const isToBeTold = createTellOnce(clock, quietSeconds)
  return async (password) => {
    const digest = hash('sha1', password).toUpperCase()
    const [range, rest] = [digest.slice(0, hashPrefixLength), digest.slice(hashPrefixLength)]
    try {
      const answer = await fetch(`${url.replace(/\/$/, '')}/${range}`, {
        headers: { 'add-padding': 'true', 'user-agent': 'Gatehouse' },
        redirect: 'error',
        signal: AbortSignal.timeout(within),
      })
      if (answer.status !== 200) throw new Error(`it answered ${answer.status}`)
      return holds(await textOf(answer), rest)
    } catch (error) {
      if (isToBeTold('fault')) {
        const message =
          'passwords are taken without asking whether they are known from a leak: passwords.breached_url does not answer'
        log.warn({ event: 'passwords.breached_unknown', err: error }, message)
      }
      return false
    }
  }
}

/** Whether the range has the hash. A line with a count of 0 is padding. */
function holds(range: string, rest: string): boolean {
  return range.split(/\r?\n/).some((line) => {
    const [hashed, count] = line.split(':')
    return hashed?.toUpperCase() === rest && Number(count) > 0
  })
}

async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += chunk.length
    if (size > maxAnswerBytes) throw new Error('its answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('latin1')
}
