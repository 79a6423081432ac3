import type { FastifyRequest } from 'fastify'
import type { Sender } from '../pages/sender.ts'

/** Who has sent somebody to sign in: a program by its name and where it leads, or whatever is found at an address. */
type ToldSender = { title: string; host?: string | undefined } | { leadsTo: string }

type SenderOf = (request: FastifyRequest, wanted: string) => Promise<Sender | undefined>

type Tell = (
  asked: URLSearchParams,
  request: FastifyRequest,
) => Promise<ToldSender | undefined> | ToldSender | undefined

/**
 * Who sends people to a path of the service itself, which then leads them on. Features tell it of their own paths, and the pages for
 * signing in ask, without knowing those features.
 */
export interface Senders {
  /** `path`: as routes have it, without what the path of the issuer is. */
  tell(path: string, tell: Tell): void
  /** How it is found out who sends people to where they want to go on, of which nothing is known; the feature that checks such ways back says. */
  lead(senderOf: SenderOf): void
  /** Who sends somebody who wants to go on there; nothing where that is nobody, or this service. */
  leadingTo: (request: FastifyRequest, wanted: string | undefined) => Promise<Sender | undefined>
  of(path: string, asked: URLSearchParams, request: FastifyRequest): Promise<ToldSender | undefined>
}

export function createSenders(): Senders {
  const known = new Map<string, Tell>()
  let senderOf: SenderOf | undefined
  return {
    tell: (path, tell) => void known.set(path, tell),
    lead: (find) => void (senderOf = find),
    leadingTo: async (request, wanted) => (wanted === undefined ? undefined : senderOf?.(request, wanted)),
    of: async (path, asked, request) => known.get(path)?.(asked, request),
  }
}
