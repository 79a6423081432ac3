/** An authorization request that a client has handed over itself, and that a browser brings by its name alone (RFC 9126). */
interface PushedRequest {
  /** Of the name, which nobody keeps. */
  requestHash: string
  clientId: string
  /** The parameters, as a query. */
  parameters: string
  /** Until when a browser may come with it for the first time. */
  usableUntil: Date
  /** Until when a person who has come by then may take to answer it. */
  expiresAt: Date
}

export interface PushedRequestStore {
  /** False when the client has gone. */
  keep(request: PushedRequest): Promise<boolean>
  /** The request of that client by that name, when it was not answered and has not expired. */
  find(requestHash: string, clientId: string, at: Date): Promise<PushedRequest | undefined>
  /** Uses a request up by ONE statement: of any number of calls one returns true. */
  use(requestHash: string): Promise<boolean>
}
