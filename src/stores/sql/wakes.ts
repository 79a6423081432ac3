/**
 * The channel that wakes replicas, and what is told there: an empty text for a row of the revocation feed, and a word for
 * everything else.
 */
export const wakeChannel = 'gatehouse_revocations'
export const feedTopic = ''
export const mailTopic = 'mail'
export const logoutTopic = 'logout'

/**
 * Calls back with what is told on the channel, and with nothing when something may have been missed. Returns the way to stop. It is
 * the one thing that the two engines spell differently.
 */
export type Listen = (told: (topic?: string) => void) => Promise<() => Promise<void>>

/** Calls back soon after a topic was told; a hint, which may be lost. Returns the way to stop. */
export type OnWake = (topic: string, wake: () => void) => Promise<() => Promise<void>>

/** Has everybody who waits share one connection. */
export function createWakes(listen: Listen): OnWake {
  const waiting = new Set<{ topic: string; wake: () => void }>()
  let listening: Promise<() => Promise<void>> | undefined
  const tell = (topic?: string) => {
    for (const one of waiting) if (topic === undefined || topic === one.topic) one.wake()
  }
  return async (topic, wake) => {
    const own = { topic, wake }
    waiting.add(own)
    async function stop() {
      waiting.delete(own)
      if (waiting.size > 0 || listening === undefined) return
      const ending = listening
      listening = undefined
      const end = await ending.catch(() => async () => {})
      await end()
    }
    try {
      await (listening ??= listen(tell))
    } catch (error) {
      await stop()
      throw error
    }
    return stop
  }
}
