/** How programs learn that a session has ended: rows that the stores write with its end, and a worker that tells them. */
import type { Base } from '../../base.ts'
import type { Outgoing } from '../../core/outgoing.ts'
import { signingAlgorithmsOf } from '../../core/records/client.ts'
import type { Feature } from '../../http/feature.ts'
import type { Subjects } from '../subjects/index.ts'
import type { SigningKeys } from '../signing-keys/index.ts'
import { createDeliverLogouts } from './deliver-logouts.ts'

export interface LogoutTokens extends Feature {
  /** Tells what is due now, as the worker does by itself. */
  deliver(): Promise<void>
}

/** What is due again, or has no hint of the store, waits no longer. */
const lookEveryMilliseconds = 1_000

export function createLogoutTokens(
  { stores, clock, log, audit }: Base,
  needs: { subjects: Subjects; signingKeys: SigningKeys; outgoing: Pick<Outgoing, 'postForm'> },
): LogoutTokens {
  const { logouts, clients } = stores
  const { ring } = needs.signingKeys
  const queue = createDeliverLogouts({
    ...{ logouts, clients, subjects: needs.subjects, outgoing: needs.outgoing, audit, clock, log },
    sign: (client, claims) => ring.signFor(signingAlgorithmsOf(client).idTokens, claims, 'logout+jwt'),
  })
  const ends: (() => unknown)[] = []
  return {
    deliver: () => queue.run(),
    async start() {
      const timer = setInterval(() => void queue.run(), lookEveryMilliseconds)
      ends.push(() => clearInterval(timer))
      ends.push(await logouts.onQueued(() => void queue.run()))
      void queue.run()
    },
    async stop() {
      await Promise.allSettled(ends.map((end) => end()))
      await queue.stop()
    },
  }
}
