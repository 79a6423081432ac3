import type { FastifyRequest } from 'fastify'

/** Who has sent somebody to sign in: a program by its name and where it leads, or whatever is found at an address. */
type ToldSender = { title: string; host?: string | undefined } | { leadsTo: string }

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
  of(path: string, asked: URLSearchParams, request: FastifyRequest): Promise<ToldSender | undefined>
}

export function createSenders(): Senders {
  const known = new Map<string, Tell>()
  return {
    tell: (path, tell) => void known.set(path, tell),
    of: async (path, asked, request) => known.get(path)?.(asked, request),
  }
}
