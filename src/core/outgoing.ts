/**
 * What is asked of a host that a client or a stranger has named: whoever names it must learn nothing of the network that the service
 * stands in, and must not be able to keep it busy.
 */
export interface Outgoing {
  /** Reads a document of JSON. Never rejects. */
  readJson(url: string): Promise<{ kind: 'read'; value: unknown } | OutgoingFailure>
  /** Sends a form, and looks at nothing of the answer but its status. Never rejects. */
  postForm(
    url: string,
    form: Readonly<Record<string, string>>,
  ): Promise<{ kind: 'answered'; status: number } | OutgoingFailure>
}

export interface OutgoingFailure {
  kind: 'failed'
  reason: OutgoingFault
  /** What is wrong, in a sentence that repeats neither what was sent nor what came back. */
  text: string
}

export type OutgoingFault = keyof typeof outgoingFaults
export const outgoingFaults = {
  address: 'the address is not one of https without a name or password in it',
  unresolved: 'the name of the host leads to no address',
  forbidden: 'the host is none of the public internet, and outgoing.allow does not name it',
  unreachable: 'the host does not answer',
  certificate: 'the certificate of the host is not trusted',
  late: 'the host does not answer in time',
  redirect: 'the host answers with a redirect, which is not followed',
  status: 'the host answers with another status than 200',
  not_json: 'the host answers with something else than JSON',
  too_long: 'the answer of the host is longer than 64 KiB',
} as const
