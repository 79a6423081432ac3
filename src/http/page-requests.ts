/** How requests of pages are read and answered, whatever the page. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { qualityOf } from '../core/accept.ts'
import { Type } from '../json-schema.ts'

export const publicPage = { access: 'public' } as const
/** For a person who is signed in; others are led to the sign-in page, and back from there. */
export const ownPage = { access: 'user' } as const
/** Pages are not part of the API document. */
export const hidden = { hide: true } as const

/** The schema of a form's body. What is left out is empty. */
export const Form = <T extends Record<string, ReturnType<typeof Type.String>>>(fields: T) =>
  Type.Partial(Type.Object({ csrf_token: Type.String(), return_to: Type.String(), ...fields }))

/** Whether an answer is read by a script instead of being looked at. What takes anything may get a page. */
export function isScript({ headers }: FastifyRequest): boolean {
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode !== 'navigate'
  if (headers['x-requested-with'] !== undefined) return true
  const wanted = (type: string) => qualityOf(headers.accept, type, true)
  return Math.max(wanted('application/json'), wanted('application/problem+json')) > wanted('text/html')
}

/** Whether a person has followed a link or typed an address: other than of `isScript`, what takes anything is no browser. */
export function isNavigation(request: FastifyRequest): boolean {
  const { method, headers } = request
  const isRead = method === 'GET' || method === 'HEAD'
  return isRead && !isScript(request) && qualityOf(headers.accept, 'text/html', true) > 0
}

/** Texts by name; what is undefined is not there. */
export type Sent = Readonly<Record<string, string | undefined>>

/** The texts that an address or a form was sent with, also where nobody has checked them yet. The form's count. */
export function sentWith({ query, body }: FastifyRequest): Sent {
  const entries = Object.entries({ ...(query as object), ...(body as object | undefined) })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/** Leads on by GET, whatever was asked; the browser takes the fragment of the address along. */
export function goTo(reply: FastifyReply, target: string): FastifyReply {
  return reply.header('cache-control', 'no-store').redirect(target, 303)
}
