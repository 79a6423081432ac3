/**
 * The process that hashes passwords and tests them, beside the service and below it in priority: whatever it has to do, the
 * service is asked and answers as before. `hashing.ts` starts it, and is all that talks to it.
 */
import { readdirSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { canonicalPassword } from '../core/password-policy.ts'
import type { Answer, Task } from './hashing.ts'
import { isImported, opensImported } from './password-spellings/index.ts'

/** Threads have priorities of their own on Linux, and some run by now. Those to come have that of the thread that starts them. */
function lowerPriority(): void {
  const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [process.pid]
  for (const thread of threads) setPriority(thread, constants.priority.PRIORITY_LOW)
}

async function answer(task: Task): Promise<boolean | string> {
  const { password } = task
  if ('stored' in task) {
    if (isImported(task.stored)) return opensImported(task.stored, password)
    return password.isWellFormed() && verify(task.stored, canonicalPassword(password))
  }
  const { memory_kib: memoryCost, passes: timeCost, parallelism } = task.costs
  return hash(canonicalPassword(password), { memoryCost, timeCost, parallelism })
}

process.on('message', ({ id, task }: { id: number; task: Task }) => {
  answer(task).then(
    (value) => process.send?.({ id, value } satisfies Answer),
    // No message of a library is passed on: it may hold what it was given.
    () => process.send?.({ id } satisfies Answer),
  )
})
// It ends with the service, and not before: whoever stops the service by a terminal or a service manager stops this one too.
process.once('disconnect', () => process.exit())
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.title = 'gatehouse: passwords'

try {
  lowerPriority()
} catch {
  process.send?.({ id: 0 } satisfies Answer)
}
