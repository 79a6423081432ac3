import { Type } from '../../json-schema.ts'
import { canonicalEmail } from '../../core/email.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { Language } from '../../core/language.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import { userOf } from '../../http/guard.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { EndedApiKeys, NoContent, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { ChangeProfile } from './change-profile.ts'
import type { Invitations } from './invitations.ts'
import type { Registering } from './register.ts'
import type { PasswordResets } from './reset-password.ts'
import { Confirmation, NewPassword, Opened, ProfileChange, Registered, Registration, Resending } from './schema.ts'
import type { EmailVerification } from './verify-email.ts'

export interface AccountOptions {
  registering: Registering
  invitations: Pick<Invitations, 'find' | 'accept'>
  resets: Pick<PasswordResets, 'ask' | 'reset'>
  emailVerification: Pick<EmailVerification, 'confirm'>
  users: Pick<UserStore, 'findById'>
  changeProfile: ChangeProfile
  languageOf: Pages['languageOf']
  limits: RateLimits
}

export async function accountRoutes(app: App, options: AccountOptions): Promise<void> {
  const { registering, emailVerification, users, changeProfile, limits } = options

  async function acceptInvitation({
    email,
    ...request
  }: {
    invitation: string
    name: string
    password: string
    email?: string | undefined
  }) {
    const invited = await options.invitations.find(request.invitation)
    // Who is told that another address was meant opens no account for one that they did not mean.
    if (invited !== undefined && email !== undefined && canonicalEmail(email) !== invited.email) {
      const fields = [{ path: '/body/email', message: 'is not the address that was invited' }]
      throw new GatehouseError('invalid_request', { fields })
    }
    if (!(await options.invitations.accept(request))) throw new GatehouseError('invalid_token')
  }

  app.post(
    '/api/auth/register',
    {
      config: { access: 'public', rateLimit: limits.secretTests },
      schema: {
        operationId: 'register',
        summary: 'Ask for an account',
        description:
          'Where registration is open. The answer is the same whether or not the address is taken; its owner gets a mail ' +
          'either way, in the language that `Accept-Language` wants. The account exists once the link in that mail was opened. ' +
          'With the token of an `invitation` the account is opened at once; its address is the one that was invited.',
        tags: ['Accounts'],
        security: [],
        body: Registration,
        response: {
          201: Opened,
          202: Registered,
          ...problems('password_rejected', 'registration_closed', 'passwords_off', 'invalid_token', 'conflict'),
        },
      },
    },
    async (request, reply) => {
      const { invitation, email, ...chosen } = request.body
      if (invitation !== undefined) {
        await acceptInvitation({ ...chosen, invitation, email })
        return reply.code(201).send({ status: 'registered' })
      }
      if (email === undefined) throw missing('/body/email')
      await registering.register({ ...chosen, email }, { ip: request.ip, language: options.languageOf(request) })
      return reply.code(202).send({ status: 'check_your_email' })
    },
  )

  /** What mails a link to an address: whose it is, nobody learns by the answer. */
  const askForLink = (
    path: string,
    ask: (email: string, from: { ip: string; language: Language }) => Promise<void>,
    {
      description,
      refusals,
      ...said
    }: { operationId: string; summary: string; description: string; refusals?: ReturnType<typeof problems> },
  ) =>
    app.post(
      path,
      {
        config: { access: 'public', rateLimit: limits.secretTests },
        schema: {
          ...said,
          description: `The answer is the same whatever the address is. ${description}`,
          tags: ['Accounts'],
          security: [],
          body: Resending,
          response: { 202: Registered, ...refusals },
        },
      },
      async (request, reply) => {
        await ask(request.body.email, { ip: request.ip, language: options.languageOf(request) })
        return reply.code(202).send({ status: 'check_your_email' })
      },
    )
  askForLink('/api/auth/resend-verification', registering.resend, {
    operationId: 'resendVerification',
    summary: 'Ask for another link to confirm an email address',
    description:
      'A mail goes to it where it was registered: a new link, beside which the links before it still work, or that it has an ' +
      'account already.',
  })
  askForLink('/api/auth/forgot-password', options.resets.ask, {
    operationId: 'forgotPassword',
    summary: 'Ask for a link to a new password',
    description: 'Its account gets a mail with a link, good for an hour.',
    refusals: problems('passwords_off'),
  })

  app.post(
    '/api/auth/verify-email',
    {
      config: { access: 'public', rateLimit: limits.secretTests },
      schema: {
        operationId: 'verifyEmail',
        summary: 'Confirm an email address',
        description:
          'Takes the token of the mailed link, which works once, and makes the account. `password` becomes the ' +
          'account’s, whatever the registration said; without it the registration’s counts, but only while this is the ' +
          'only one pending for its address.',
        tags: ['Accounts'],
        security: [],
        body: Confirmation,
        response: {
          204: NoContent,
          ...problems('invalid_token', 'password_required', 'password_rejected', 'registration_closed'),
        },
      },
    },
    async (request, reply) => {
      const outcome = await emailVerification.confirm(request.body.token, request.body.password)
      if (outcome !== 'confirmed') throw new GatehouseError(outcome)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/auth/reset-password',
    {
      config: { access: 'public', rateLimit: limits.secretTests },
      schema: {
        operationId: 'resetPassword',
        summary: 'Choose a new password by a mailed link',
        description:
          'Takes the token of the link, which works once, and for an hour. Ends every session and known device of the account, ' +
          'and signs nobody in. API keys go on, unless `end_api_keys` says otherwise: the answer then is how many were ended.',
        tags: ['Accounts'],
        security: [],
        body: NewPassword,
        response: {
          200: EndedApiKeys,
          204: NoContent,
          ...problems('invalid_token', 'password_rejected', 'passwords_off'),
        },
      },
    },
    async (request, reply) => {
      const { token, password, end_api_keys: endApiKeys } = request.body
      const done = await options.resets.reset(token, { password, endApiKeys }, options.languageOf(request))
      if (done === undefined) throw new GatehouseError('invalid_token')
      if (endApiKeys) return reply.send({ ended_api_keys: done.endedApiKeys })
      return reply.code(204).send(null)
    },
  )

  const security = [{ bearer: [] }, { session: [] }]

  app.get(
    '/api/users/me',
    {
      config: { access: 'user', programs: true },
      schema: {
        operationId: 'getProfile',
        summary: 'Your profile',
        tags: ['Accounts'],
        security: [...security, { apiKey: [] }],
        response: { 200: Type.Ref('Profile') },
      },
    },
    async (request, reply) => {
      const user = await users.findById(userOf(request).subject)
      if (user === undefined) throw new GatehouseError('unauthorized')
      return reply.header('cache-control', 'no-store').send(profileOf(user))
    },
  )

  app.patch(
    '/api/users/me',
    {
      config: { access: 'user' },
      schema: {
        operationId: 'changeProfile',
        summary: 'Change your profile',
        description:
          'What is left out stays. `locale` is the language of mails to you; `username` can be chosen where ' +
          '`accounts.usernames` lets people do so. The address has a call of its own.',
        tags: ['Accounts'],
        security,
        body: ProfileChange,
        response: {
          200: Type.Ref('Profile'),
          ...problems('conflict', 'forbidden'),
        },
      },
    },
    async (request, reply) => {
      const { subject } = userOf(request)
      await changeProfile(subject, request.body)
      const user = await users.findById(subject)
      if (user === undefined) throw new GatehouseError('unauthorized')
      return reply.header('cache-control', 'no-store').send(profileOf(user))
    },
  )
}

/** What the request lacks. */
function missing(path: string): GatehouseError {
  return new GatehouseError('invalid_request', { fields: [{ path, message: 'is required' }] })
}

/** A user as the API shows one. */
function profileOf(user: User) {
  return {
    id: user.id,
    email: user.email,
    email_verified: user.emailVerifiedAt !== null,
    username: user.username,
    name: user.name,
    locale: user.locale,
    roles: user.roles,
    groups: user.groups,
    permissions: user.permissions,
    created_at: user.createdAt.toISOString(),
  }
}
