import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { AuthorizationStore } from '../../core/records/authorization.ts'
import type { ClientStore } from '../../core/records/client.ts'
import { hashSecret, randomSecret, type SecretBox } from '../../core/secrets.ts'
import type { openidEvents } from './audit-events.ts'
import { nextStep, type Step } from './next-step.ts'
import {
  type AnswerTo,
  type AuthorizationError,
  type AuthorizationRequest,
  readAuthorizationRequest,
} from './read-request.ts'

/** A browser follows its redirect at once. */
const codeSeconds = 60
/** So long somebody may take to sign in. */
const arrivalSeconds = 3_600
/** Where the moment at which a request first came stands in its address. */
const arrivalParameter = 'arrived'

export type AuthorizeOutcome =
  | { kind: 'refused'; reason: 'client' | 'redirect_uri' }
  | { kind: 'answer'; to: AnswerTo; parameters: Record<string, string> }
  /** `resumed`: the request with the moment at which it came, by which it goes on. */
  | { kind: 'step'; step: Exclude<Step, { kind: 'grant' | 'error' }>; request: AuthorizationRequest; resumed: string }

interface Asked {
  parameters: URLSearchParams
  user: UserPrincipal | undefined
  answer?: 'allow' | 'deny' | undefined
}

/** Takes an authorization request as far as it gets by who looks at it. Rejects when a store is down. */
export type Authorize = (asked: Asked) => Promise<AuthorizeOutcome>

/**
 * The one way to a code: whatever was asked and answered before, all of it is read and decided anew. Only what is stored with the
 * code is worth anything, and that is stored in one transaction with the consent, while session and person stand.
 */
export function createAuthorize(dependencies: {
  clients: Pick<ClientStore, 'find'>
  authorizations: Pick<AuthorizationStore, 'issue' | 'consentOf'>
  /** Who an ID token of this service is about. */
  verifyIdToken(token: string): { sub: string } | undefined
  where: Parameters<typeof readAuthorizationRequest>[2]
  mayRegister: boolean
  box: SecretBox
  audit: Audit<typeof openidEvents>
  clock: Clock
}): Authorize {
  const { clients, authorizations, verifyIdToken, where, mayRegister, box, audit, clock } = dependencies
  const now = () => Math.floor(clock.now() / 1000)

  /** The request without its arrival, and when that was: what somebody else wrote there, or for another request, says nothing. */
  function arrivalOf(parameters: URLSearchParams): { text: string; arrivedAt: number | undefined } {
    const sealed = parameters.get(arrivalParameter)
    const others = new URLSearchParams([...parameters].filter(([name]) => name !== arrivalParameter))
    const text = String(others)
    if (sealed === null) return { text, arrivedAt: undefined }
    try {
      const arrivedAt = Number(box.open(sealed, hashSecret(text)))
      return { text, arrivedAt: now() - arrivedAt <= arrivalSeconds ? arrivedAt : undefined }
    } catch {
      return { text, arrivedAt: undefined }
    }
  }

  async function issue(request: AuthorizationRequest, user: UserPrincipal, consent: 'given' | 'before') {
    const at = clock.now()
    const code = randomSecret()
    const { client, scopes, audiences, redirectUri, challenge = null, nonce = null } = request
    const issued = await authorizations.issue(
      {
        ...{ id: uuidv7(at), codeHash: hashSecret(code), clientId: client.id, scopes, audiences },
        ...{ redirectUri, challenge, nonce, userId: user.subject, sessionId: user.sessionId! },
        ...{ authenticatedAt: new Date(user.authenticatedAt * 1000), level: user.level, methods: [...user.methods] },
        createdAt: new Date(at),
        codeExpiresAt: new Date(at + codeSeconds * 1000),
      },
      consent,
    )
    return issued === 'issued' ? { code } : issued
  }

  return async ({ parameters, user: shown, answer }) => {
    const named = parameters.get('client_id') ?? ''
    const client = /^[\x21-\x7e]{1,200}$/.test(named) ? await clients.find(named) : undefined
    const { text, arrivedAt } = arrivalOf(parameters)
    const read = readAuthorizationRequest(new URLSearchParams(text), client, where)
    if (read.kind === 'refused') return read
    const error = (to: AnswerTo, code: AuthorizationError, error_description: string): AuthorizeOutcome => ({
      ...{ kind: 'answer', to, parameters: { error: code, error_description } },
    })
    if (read.kind === 'error') return error(read.to, read.error, read.description)
    const { request } = read
    // A program that acts for somebody lets no other one in.
    const user = shown?.sessionId === undefined ? undefined : shown
    const { idTokenHint } = request
    const hint = idTokenHint === undefined ? undefined : verifyIdToken(idTokenHint)
    const hinted = idTokenHint === undefined ? undefined : hint === undefined ? 'unreadable' : { subject: hint.sub }
    const consented = user && (await authorizations.consentOf(user.subject, request.client.id))?.scopes
    const facts = { user, arrivedAt, hinted, consented, mayRegister, now: now() } as const
    const arrived = box.seal(String(arrivedAt ?? now()), hashSecret(text))
    const resumed = `${text}&${arrivalParameter}=${arrived}`
    let step = nextStep(request, { ...facts, answer })

    if (step.kind === 'grant') {
      const issued = await issue(request, user!, step.consent)
      if (typeof issued === 'object') {
        const about = { subject: user!.subject, clientId: request.client.id, sessionId: user!.sessionId }
        const { scopes, audiences } = request
        audit.record({ event: 'authorization.issued', ...about, scopes, audiences, asked: answer === 'allow' })
        return { kind: 'answer', to: request, parameters: issued }
      }
      const isOver = issued === 'session_ended'
      step = nextStep(request, {
        ...facts,
        answer: undefined,
        consented: undefined,
        ...(isOver && { user: undefined }),
      })
      if (step.kind === 'grant') step = { kind: 'sign_in' }
    }
    if (step.kind === 'error') {
      if (answer === 'deny') {
        audit.record({ event: 'authorization.denied', subject: user?.subject, clientId: request.client.id })
      }
      return error(request, step.error, step.description)
    }
    return { kind: 'step', step, request, resumed }
  }
}
