import type { Authorization } from './authorization.ts'
import type { WithMails } from './mail.ts'

/** What a device asks for that has no browser: a person lets it in elsewhere, by a code that the device shows (RFC 8628). */
export interface DeviceCode {
  id: string
  clientId: string
  scopes: string[]
  audiences: string[]
  /** Where the device has asked from, and what it calls itself. */
  ip: string
  userAgent: string
  createdAt: Date
  expiresAt: Date
}

/** What becomes of a device that asks whether it is let in. `denied`: the person has said no. */
type PolledState = 'pending' | 'too_fast' | 'approved' | 'denied'

export interface DeviceCodeStore {
  /** `intervalSeconds`: how long the device has to wait between two questions. False where the code of the person is taken. */
  create(code: DeviceCode & { codeHash: string; userCodeHash: string; intervalSeconds: number }): Promise<boolean>
  /** The one that nobody has decided about; `userCodeHashes`: by any secret of the service. */
  findPending(by: { userCodeHashes: readonly string[] } | { id: string }, at: Date): Promise<DeviceCode | undefined>
  /**
   * What became of one of this client. While it waits, the question counts: one that comes before the interval is over makes it longer for good, on
   * every replica, by one statement. `slackMilliseconds`: so much earlier is not too early.
   */
  poll(
    codeHash: string,
    clientId: string,
    at: Date,
    pace: { slowerSeconds: number; slackMilliseconds: number },
  ): Promise<(Pick<DeviceCode, 'expiresAt' | 'ip' | 'userAgent'> & { state: PolledState }) | undefined>
  /**
   * Lets the device in: decides, keeps the authorization with the consent, and queues the mails, or does nothing. Of any number of
   * parallel decisions one is made. `ended`: it was decided, or is over.
   */
  approve(
    id: string,
    authorization: Omit<Authorization, 'redirectUri' | 'challenge' | 'nonce' | 'codeExpiresAt'>,
    options: WithMails,
  ): Promise<'approved' | 'ended' | 'session_ended'>
  /** True for the one who decides. */
  deny(id: string, at: Date): Promise<boolean>
}

/** What the authorization of a device is found by: no code of a browser has this form. */
export function codeOfDevice(codeHash: string): string {
  return `device ${codeHash}`
}
