import type { FastifyReply, FastifyRequest } from 'fastify'

/** Whether an `If-None-Match` header names this entity tag, compared weakly (RFC 9110 §13.1.2). */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}

/** Answers with a text that any verifier may keep and any web page may read, or says that the copy it names is current. */
export function sendPublic(
  request: FastifyRequest,
  reply: FastifyReply,
  { body, etag }: { body: string; etag: string },
  { type, maxAgeSeconds }: { type: string; maxAgeSeconds: number },
): void {
  reply
    .header('cache-control', `public, max-age=${maxAgeSeconds}`)
    .header('etag', etag)
    .header('access-control-allow-origin', '*')
  if (matchesEtag(request.headers['if-none-match'], etag)) return void reply.code(304).send()
  reply
    .type(type)
    .serializer((text: string) => text)
    .send(body)
}
