/** Where browsers find the service. */
export interface IssuerPlace {
  readonly name: string
  /** What follows the name where the browser shows a port, such as `:8443`; otherwise empty. */
  readonly port: string
  /** What the service has of the host, as paths on it; nothing where it has all of it. */
  readonly paths: OwnPaths | undefined
  /** Whether the rest of the host is an application. */
  readonly isShared: boolean
}

/** Paths that are the service's own and that nobody is asked about, as they are sent: no other spelling of them is. */
export interface OwnPaths {
  /** `/auth`: this very path, and what begins with it and a slash. */
  readonly base: string
  /** Where RFC 8414 §3.1 looks for the metadata of such an issuer, which lies beside its path. */
  readonly metadata: string
  /** All of them as one regular expression that a path must match as a whole. Between dots and letters it holds nothing odd. */
  readonly pattern: string
}
