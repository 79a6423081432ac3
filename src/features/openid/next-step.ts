import type { AuthenticationLevel } from '../../core/principal.ts'
import { type Client, openIdSettingsOf } from '../../core/records/client.ts'
import type { AuthorizationError, AuthorizationRequest } from './requests/read-request.ts'

/** What an authorization needs next. Only with `grant` does the program get anything. */
export type Step =
  | { kind: 'sign_in'; level?: 'aal2'; maxAge?: number }
  /** Whoever is signed in says whether to go on as that. */
  | { kind: 'choose_account' }
  | { kind: 'register' }
  | { kind: 'consent' }
  /** `consent`: whether it is given with this, need not be asked for, or stands already. */
  | { kind: 'grant'; consent: 'given' | 'own' | 'before' }
  | { kind: 'error'; error: AuthorizationError; description: string }

/** What is known of the person. Times are epoch seconds. */
export interface Facts {
  user: { subject: string; level: AuthenticationLevel; authenticatedAt: number } | undefined
  /** When this very request first came, and was sent on; nothing: it comes for the first time. */
  arrivedAt: number | undefined
  /** Who the program believes it is; `unreadable`: the hint is none of ours. */
  hinted: { subject: string } | 'unreadable' | undefined
  /** What the person has allowed the program before. */
  consented: readonly string[] | undefined
  answer: 'allow' | 'deny' | undefined
  mayRegister: boolean
  now: number
}

/**
 * Decides what comes next, of what is known alone. It is asked anew after each step, at the address of the request itself, so that
 * nothing half done is kept anywhere. A proof of the person that is asked for must be younger than the first arrival of the request:
 * an older one does not do, and a younger one always does, so that nobody goes in circles.
 */
export function nextStep(request: AuthorizationRequest, facts: Facts): Step {
  const { prompts, maxAge, isStrong, client, scopes } = request
  const { user, arrivedAt, hinted, consented, answer, now } = facts
  const isSilent = prompts.has('none')
  const orError = (error: AuthorizationError, description: string, step: Step): Step =>
    isSilent ? { kind: 'error', error, description } : step
  const loginRequired = (step: Step) => orError('login_required', 'The person has to sign in.', step)

  if (hinted === 'unreadable') {
    return { kind: 'error', error: 'invalid_request', description: 'id_token_hint is no ID token of this service.' }
  }
  const level = isStrong ? ({ level: 'aal2' } as const) : {}
  if (user === undefined) {
    const isNew = prompts.has('create') && arrivedAt === undefined && facts.mayRegister
    return loginRequired(isNew ? { kind: 'register' } : { kind: 'sign_in', ...level })
  }
  const isAnother = request.subjects?.includes(user.subject) === false
  if (isAnother || (hinted !== undefined && hinted.subject !== user.subject)) {
    return { kind: 'error', error: 'login_required', description: 'Somebody else is signed in.' }
  }
  const isProvenSince = arrivedAt !== undefined && user.authenticatedAt >= arrivedAt
  const isOld = prompts.has('login') || (maxAge !== undefined && now - user.authenticatedAt > maxAge)
  if (isOld && !isProvenSince) {
    return loginRequired({ kind: 'sign_in', maxAge: prompts.has('login') ? 0 : maxAge!, ...level })
  }
  if (isStrong && user.level !== 'aal2') {
    const description = 'The person has to sign in with a second factor.'
    return orError('unmet_authentication_requirements', description, { kind: 'sign_in', level: 'aal2' })
  }
  if (prompts.has('select_account') && arrivedAt === undefined) return { kind: 'choose_account' }

  if (answer === 'deny') return { kind: 'error', error: 'access_denied', description: 'The person did not agree.' }
  if (answer === 'allow') return { kind: 'grant', consent: 'given' }
  const isOwn = isTrusted(client, request)
  const isCovered = consented !== undefined && scopes.every((scope) => consented.includes(scope))
  const isAsked = prompts.has('consent') || (!isOwn && (!isCovered || !isIdentified(client, request)))
  if (isAsked) return orError('consent_required', 'The person has to agree.', { kind: 'consent' })
  return { kind: 'grant', consent: isOwn ? 'own' : 'before' }
}

/** Whether nobody else can get the answer: other programs on a device may take its loopback ports and schemes (RFC 8252 §8.6). */
function isIdentified({ authMethod }: Client, { redirectUri }: Pick<AuthorizationRequest, 'redirectUri'>): boolean {
  return authMethod !== 'none' || redirectUri.startsWith('https://')
}

/** Whether nobody is asked about it. */
export function isTrusted(client: Client, request: Pick<AuthorizationRequest, 'redirectUri'>): boolean {
  return !client.selfRegistered && openIdSettingsOf(client).firstParty && isIdentified(client, request)
}
