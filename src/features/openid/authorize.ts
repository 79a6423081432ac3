import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { AuthorizationStore } from '../../core/records/authorization.ts'
import type { Client } from '../../core/records/client.ts'
import type { PushedRequestStore } from '../../core/records/pushed-request.ts'
import type { Subjects } from '../../core/subjects.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'
import type { openidEvents } from './audit-events.ts'
import { isTrusted, nextStep, type Step } from './next-step.ts'
import type { FindRequest, Refused } from './requests/find-request.ts'
import type { RecentCodes } from './recent-codes.ts'
import type { AnswerTo, AuthorizationError, AuthorizationRequest } from './requests/read-request.ts'

/** A browser follows its redirect at once. */
const codeSeconds = 60
const usedUp: Refused = { kind: 'refused', reason: 'request_uri' }

export type AuthorizeOutcome =
  | Refused
  | { kind: 'answer'; to: AnswerTo; parameters: Record<string, string> }
  | {
      kind: 'step'
      step: Exclude<Step, { kind: 'grant' | 'error' }>
      request: AuthorizationRequest
      isPushed: boolean
      /** The request with the moment at which it came, by which it goes on. */
      resumed: string
    }

interface Asked {
  parameters: URLSearchParams
  user: UserPrincipal | undefined
  answer?: 'allow' | 'deny' | undefined
  /** The network address of who asks. */
  address?: string | undefined
}

/** Takes an authorization request as far as it gets by who looks at it. Rejects when a store is down. */
export type Authorize = (asked: Asked) => Promise<AuthorizeOutcome>

/**
 * The one way to a code: whatever was asked and answered before, all of it is read and decided anew. Only what is stored with the
 * code is worth anything, and that is stored in one transaction with the consent, while session and person stand.
 */
export function createAuthorize(dependencies: {
  findRequest: FindRequest
  pushedRequests: Pick<PushedRequestStore, 'use'>
  authorizations: Pick<AuthorizationStore, 'issue' | 'consentOf'>
  recentCodes: Pick<RecentCodes, 'keep'>
  /** Writes down the client of a request where it is not, as what is stored with a code needs it. */
  keepClient(client: Client, subject: string): Promise<void>
  /** Who an ID token of this service is about. */
  verifyIdToken(token: string): { sub: string } | undefined
  subjects: Pick<Subjects, 'sub'>
  mayRegister: boolean
  audit: Audit<typeof openidEvents>
  clock: Clock
}): Authorize {
  const {
    findRequest,
    keepClient,
    authorizations,
    recentCodes,
    pushedRequests,
    verifyIdToken,
    subjects,
    mayRegister,
    audit,
    clock,
  } = dependencies

  async function issue(
    request: AuthorizationRequest,
    user: UserPrincipal,
    consent: Extract<Step, { kind: 'grant' }>['consent'],
    requestHash: string | undefined,
  ) {
    const at = clock.now()
    const code = randomSecret()
    const { client, scopes, audiences, redirectUri, challenge = null, nonce = null, dpopJkt = null } = request
    await keepClient(client, user.subject)
    const codeHash = hashSecret(code)
    const authorization = {
      ...{ id: uuidv7(at), clientId: client.id, scopes, audiences },
      ...{ redirectUri, challenge, nonce, dpopJkt, userId: user.subject, sessionId: user.sessionId! },
      ...{ authenticatedAt: new Date(user.authenticatedAt * 1000), level: user.level, methods: [...user.methods] },
      createdAt: new Date(at),
      codeExpiresAt: new Date(at + codeSeconds * 1000),
    }
    const issued = await authorizations.issue({ ...authorization, codeHash }, consent, requestHash)
    if (issued !== 'issued') return issued
    recentCodes.keep(codeHash, authorization)
    return { code }
  }

  return async ({ parameters, user: shown, answer, address }) => {
    const found = await findRequest(parameters, address)
    if (found.kind === 'refused') return found
    const { read, arrivedAt, resumed, requestHash } = found
    const error = async (to: AnswerTo, code: AuthorizationError, error_description: string) => {
      // An answer is the end of a pushed request, whatever it is.
      if (requestHash !== undefined && !(await pushedRequests.use(requestHash))) return usedUp
      return { kind: 'answer', to, parameters: { error: code, error_description } } as const
    }
    if (read.kind === 'error') return error(read.to, read.error, read.description)
    const { request } = read
    // A program that acts for somebody lets no other one in.
    const user = shown?.sessionId === undefined ? undefined : shown
    const { idTokenHint } = request
    const hint = idTokenHint === undefined ? undefined : verifyIdToken(idTokenHint)
    const hinted = idTokenHint === undefined ? undefined : hint === undefined ? 'unreadable' : { subject: hint.sub }
    const mayBeAsked = user !== undefined && !isTrusted(request.client, request)
    const consented = mayBeAsked ? (await authorizations.consentOf(user.subject, request.client.id))?.scopes : undefined
    // As the program knows them: what it asks about somebody must not tell it who they are to others.
    const known = user && { ...user, subject: subjects.sub(request.client, user.subject) }
    const facts = {
      user: known,
      arrivedAt,
      hinted,
      consented,
      mayRegister,
      now: Math.floor(clock.now() / 1000),
    } as const
    let step = nextStep(request, { ...facts, answer })

    if (step.kind === 'grant') {
      const issued = await issue(request, user!, step.consent, requestHash)
      if (typeof issued === 'object') {
        const about = { subject: user!.subject, clientId: request.client.id, sessionId: user!.sessionId }
        const { scopes, audiences } = request
        audit.record({ event: 'authorization.issued', ...about, scopes, audiences, asked: answer === 'allow' })
        return { kind: 'answer', to: request, parameters: issued }
      }
      if (issued === 'request_used') return usedUp
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
      const refused = await error(request, step.error, step.description)
      if (answer === 'deny' && refused.kind === 'answer') {
        audit.record({ event: 'authorization.denied', subject: user?.subject, clientId: request.client.id })
      }
      return refused
    }
    return { kind: 'step', step, request, isPushed: requestHash !== undefined, resumed }
  }
}
