import type { Asked, Examination, Outcome } from './examination.ts'

/** Looks for one fault of a proxy; `first`: the plain question and its answer. */
export type Check = (examination: Examination, first: Asked) => Promise<Outcome> | Outcome

export const needsProbe = { notMade: 'it needs the control socket of an embedded service on this machine' }
export const needsEcho = {
  notMade: 'the upstream does not echo its headers: run with --echo, or put an echo server behind the proxy',
}
export const needsPermission = {
  notMade: 'the request was not allowed: pass an access token that may see this URL by --token-stdin',
}

const maxNames = 12

/** As many of the names as a person reads, each once whatever its case. */
export function namesOf(names: readonly string[]): string {
  const distinct = [...new Map(names.toReversed().map((name) => [name.toLowerCase(), name])).values()].toReversed()
  const rest = distinct.length - maxNames
  return distinct.slice(0, maxNames).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
