import type { IncomingHttpHeaders } from 'node:http'
import type { RequestTarget, TargetFault } from '../../core/request-target.ts'

/**
 * How one proxy family asks, and what answers it can digest. Each reads only its own family of headers: a proxy passes
 * on whatever the user sent under another family's names.
 */
export interface Dialect {
  readonly name: string
  readonly urls: readonly string[]
  /** What asks, and where its target is read from, for the OpenAPI document. */
  readonly product: string
  readonly reads: string
  /** The headers without which a question is none, in lower case. */
  readonly needs: readonly string[]
  /** Headers of an allowed answer beside those that carry identity, as JSON schemas. */
  readonly answerHeaders?: Readonly<Record<string, object>>
  /** Whether the proxy hands every answer to the user. If not, it knows 200, 401 and 403 alone. */
  readonly relaysAnswers: boolean
  target(
    headers: IncomingHttpHeaders,
    question: { readonly method?: string | undefined; readonly url?: string | undefined },
  ): RequestTarget | TargetFault
  /**
   * What an allowed answer holds beside these identity headers, where that is not just what is left of the question's own
   * credentials; flat name-value pairs.
   */
  whenAllowed?(identity: readonly string[], left: readonly string[], headers: IncomingHttpHeaders): readonly string[]
}

/** A header that was sent once. Repeats arrive joined by a comma and a space, which none of the strict parsers accept. */
export function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
