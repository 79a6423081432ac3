import type { TSchema } from '../json-schema.ts'
import type { App } from './server.ts'

/**
 * Who asks, which decides what happens to a request before its route runs (`surfaces.ts`). `bare`: proxies, with no hook at
 * all; `people`: browsers and apps of people; `pages`: what people look at; `admin`: administrators over HTTP, and operators over the control
 * socket; `hosts`: browsers on hosts of applications, beside the service's own path; `machines`: programs in short intervals, without limits; `oauth`: clients, in the words of RFC 6749; `control`:
 * the operator's commands alone.
 */
export type Surface = 'bare' | 'people' | 'pages' | 'admin' | 'hosts' | 'machines' | 'oauth' | 'control'

/** What a feature adds to the service. Making one does no I/O; the command line makes the same ones and starts none. */
export interface Feature {
  /** Routes by who asks. */
  readonly routes?: Partial<Record<Surface, (app: App) => PromiseLike<unknown>>>
  /** Schemas that routes refer to by their `$id`. */
  readonly schemas?: readonly TSchema[]
  /** Before the first request; in the order of the list. */
  start?(): Promise<void>
  /** What it does on its own every minute. */
  maintain?(): Promise<unknown>
  /** After the last request, and when a start failed; in the opposite order. */
  stop?(): Promise<void>
}
