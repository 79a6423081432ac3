import type { Clock } from '../../core/clock.ts'
import { type Client, signingAlgorithmsOf } from '../../core/records/client.ts'
import type { SigningAlgorithm } from '../../core/records/signing-key.ts'

/** A browser carries it on at once; the rest is for the program's clock. */
const lifetimeSeconds = 300

/**
 * Signs the parameters of an answer for the program that gets it (JARM, JWT Secured Authorization Response Mode, §2.1). It has no
 * subject, so that nobody takes it for an ID token.
 */
export type SignAnswer = (client: Client, parameters: Readonly<Record<string, string | undefined>>) => string

export function createSignAnswer(dependencies: {
  signFor(algorithm: SigningAlgorithm | undefined, claims: object): string
  clock: Clock
}): SignAnswer {
  const { signFor, clock } = dependencies
  return (client, parameters) =>
    signFor(signingAlgorithmsOf(client).answers, {
      ...parameters,
      aud: client.id,
      exp: Math.floor(clock.now() / 1000) + lifetimeSeconds,
    })
}
