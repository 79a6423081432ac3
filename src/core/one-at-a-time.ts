/** Runs a task, of those with its key one after the other. */
export type OneAtATime = <T>(key: string, task: () => Promise<T>) => Promise<T>

/**
 * Makes what has tasks of one key wait for one another within this process, in their order. For values that work once: whoever comes
 * second looks again before anything costly is done, such as hashing a password, and holds neither a place in a queue nor a
 * connection meanwhile. Which use counts the stores decide, since replicas know nothing of one another.
 */
export function createOneAtATime(): OneAtATime {
  const last = new Map<string, Promise<unknown>>()
  return async (key, task) => {
    const own = (last.get(key) ?? Promise.resolve()).then(task, task)
    last.set(key, own)
    try {
      return await own
    } finally {
      if (last.get(key) === own) last.delete(key)
    }
  }
}
