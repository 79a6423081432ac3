import type { IncomingHttpHeaders } from 'node:http'
import { allEscaped } from '../../core/request-path.ts'
import { parseRequestTarget } from '../../core/request-target.ts'
import { type Dialect, single } from './dialect.ts'

export const prefix = '/forward-auth/envoy'

/** The lists that go with headers which `identity.ts` remembers. */
const removals = new WeakMap<readonly string[], readonly string[]>()

/**
 * Envoy's ext_authz over HTTP (`http_service` with `path_prefix: /forward-auth/envoy`): the question is the request itself,
 * without its body, and with the prefix before its path.
 */
export const envoy: Dialect = {
  name: 'envoy',
  urls: [`${prefix}/:path`],
  product: 'Envoy ext_authz',
  reads:
    'Reads the method, the `Host` and the path behind the prefix of the question itself, and `X-Forwarded-Proto`. ' +
    'Any method; a body is ignored. `X-Envoy-Auth-Headers-To-Remove` names the headers that are empty.',
  needs: ['host', 'x-forwarded-proto'],
  answerHeaders: {
    'X-Envoy-Auth-Headers-To-Remove': { type: 'string', description: 'The headers that are empty.' },
  },
  relaysAnswers: true,
  target: (headers, { method, url }) =>
    parseRequestTarget(
      {
        method,
        scheme: single(headers['x-forwarded-proto']),
        host: single(headers.host),
        target: url?.startsWith(prefix) ? url.slice(prefix.length) : undefined,
      },
      allEscaped,
    ),
  // Envoy removes after it has set (`Filter::onComplete` in ext_authz.cc), so a header that holds something must not be
  // in the list, and one that is empty must be: whether Envoy sets it depends on the operator's configuration.
  // What is not answered stays as Envoy got it, which is more than it tells: what is no UTF-8 it asks about as `!`.
  whenAllowed(identity, left, headers) {
    const changed = left.filter((_, at) => !isWhole(left, at - (at % 2), headers))
    if (changed.length > 0) return [...changed, ...removalOf([...identity, ...changed])]
    let removal = removals.get(identity)
    if (removal === undefined) removals.set(identity, (removal = removalOf(identity)))
    return removal
  },
}

/** Whether of the header at a place in the list all is left that was sent. */
function isWhole(left: readonly string[], at: number, headers: IncomingHttpHeaders): boolean {
  return left[at + 1] === (headers[left[at]!.toLowerCase()] ?? '')
}

function removalOf(headers: readonly string[]): readonly string[] {
  const empty = headers.filter((_, at) => at % 2 === 0 && headers[at + 1] === '')
  return empty.length === 0 ? [] : ['X-Envoy-Auth-Headers-To-Remove', empty.join(',')]
}
