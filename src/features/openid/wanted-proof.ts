import type { AuthenticationLevel } from '../../core/principal.ts'
import { type Client, openIdSettingsOf } from '../../core/records/client.ts'

/** What a person has to prove anew before a program gets anything. `maxAge`: in seconds. */
export interface WantedProof {
  level?: 'aal2'
  maxAge?: number
}

/** Whether nothing below `aal2` will do, of levels of which any one does (OpenID Connect Core §3.1.2.1). */
export function isStrongAlone(levels: ReadonlySet<string>): boolean {
  return levels.has('aal2') && !levels.has('aal1')
}

/**
 * What the defaults of a client want beyond what the person has proven, where a request can say nothing of it (RFC 8628 §3.1 has
 * neither `acr_values` nor `max_age`); nothing where that does. A proof that is younger than the request always does, so that nobody
 * goes in circles. Times are epoch seconds.
 */
export function proofWantedByDefault(
  client: Pick<Client, 'openid'>,
  person: { level: AuthenticationLevel; authenticatedAt: number },
  { askedAt, now }: { askedAt: number; now: number },
): WantedProof | undefined {
  const { defaultAcrValues, defaultMaxAge } = openIdSettingsOf(client)
  const isWeak = isStrongAlone(new Set(defaultAcrValues)) && person.level !== 'aal2'
  const isOld =
    defaultMaxAge !== null && now - person.authenticatedAt > defaultMaxAge && person.authenticatedAt < askedAt
  if (!isWeak && !isOld) return undefined
  return { ...(isWeak && { level: 'aal2' }), ...(isOld && { maxAge: defaultMaxAge }) }
}
