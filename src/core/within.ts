/**
 * What `answer` settles to, or a rejection with what `late` makes once `milliseconds` have passed. The work itself goes on:
 * who asks again may find it done. No timer is left behind.
 */
export function within<T>(milliseconds: number, answer: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout
  const bound = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), milliseconds)
  })
  return Promise.race([answer, bound]).finally(() => clearTimeout(timer))
}
