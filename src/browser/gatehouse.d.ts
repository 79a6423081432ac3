/** Who is signed in. */
export interface User {
  readonly id: string
  readonly email: string
  readonly username: string | null
  readonly name: string
  readonly roles: readonly string[]
}

export interface GatehouseOptions {
  /** Where the service is. Left out: where this module was loaded from. */
  issuer?: string | URL
  /**
   * Origins that `fetch` shows the access token to, beside that of the page and that of the service:
   * `['https://api.example.com']`. No other one ever gets it.
   */
  origins?: readonly string[]
}

/**
 * The service cannot say now who is signed in: nobody reaches it, it has an outage, or it was asked too often. Nobody is
 * signed out by it. `cause` is the error of the browser, where there is one.
 */
export class UnavailableError extends Error {
  private constructor()
  /** The HTTP status of the answer; undefined where none came. */
  readonly status: number | undefined
  /** After how many seconds it is worth asking again, where the service says so. Until then nothing is sent. */
  readonly retryAfter: number | undefined
}

interface GatehouseEvents {
  /** Somebody is signed in: `detail` says who. Also where it is found out first, and in every tab of the origin. */
  signin: CustomEvent<User>
  /** The person in `detail` is signed in no more. */
  signout: CustomEvent<User>
}

/** Whoever is signed in at the service, for the scripts of a page. All tabs of an origin share what one of them learns. */
export class Gatehouse extends EventTarget {
  /** Throws a `TypeError` where something is no URL. */
  constructor(options?: GatehouseOptions)

  /**
   * Leads to the page for signing in, and from there back to `returnTo`: by default to this page, with its fragment. The
   * service leads back to origins in its `cors.origins`, and to hosts that it has access rules for.
   */
  signIn(options?: { returnTo?: string | URL }): void

  /** Ends the session, in every tab. Rejects with an `UnavailableError` when it did not end. */
  signOut(): Promise<void>

  /** Who is signed in; null when nobody is. Rejects with an `UnavailableError` when nobody can tell. */
  getUser(): Promise<User | null>

  /**
   * An access token that is good for a while yet, renewed where it must be; null when nobody is signed in. It is held in
   * memory alone: ask for it each time. Rejects with an `UnavailableError` when there is none to be had.
   */
  getAccessToken(): Promise<string | null>

  /**
   * `fetch`, with the access token where the URL is at an origin that may see it and no other `Authorization` is given. An
   * answer 401 renews the token once, and the request is sent once more; not one whose body is a stream, which can be read
   * once. Rejects with an `UnavailableError`, in place of an answer 401, when the token cannot be renewed now.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>

  addEventListener<Type extends keyof GatehouseEvents>(
    type: Type,
    listener: (event: GatehouseEvents[Type]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void
}
