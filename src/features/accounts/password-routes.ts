import { Type } from '../../json-schema.ts'
import { readEmail } from '../../core/email.ts'
import type { JudgePassword, PasswordFault } from '../../core/password-policy.ts'
import { answersWith } from '../../http/document.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { OneOf, Password, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'

const faults = [
  ...['not_unicode', 'control_characters', 'too_short', 'too_long', 'holds_email', 'common', 'guessable', 'breached'],
] as PasswordFault[]

const owner = { type: 'string', maxLength: 512, default: '' } as const

/** What forms ask while somebody types a new password. */
export async function passwordRoutes(
  app: App,
  { judge, limits }: { judge: JudgePassword; limits: RateLimits },
): Promise<void> {
  app.post(
    '/api/auth/judge-password',
    {
      config: { access: 'public', rateLimit: limits.judging, answers: answersWith('Cache-Control') },
      schema: {
        operationId: 'judgePassword',
        summary: 'Say what a new password lacks',
        description:
          'For forms, while somebody types. Nothing is stored, and nobody else is asked: whether the password is known from a ' +
          'leak is found out when it is chosen.',
        tags: ['Accounts'],
        security: [],
        body: Type.Object(
          {
            password: Password,
            email: Type.Optional(
              Type.String({ ...owner, description: 'Whose password it shall be; it must not be in it.' }),
            ),
            name: Type.Optional(
              Type.String({ ...owner, description: 'Words that make the password easier to guess.' }),
            ),
          },
          strict,
        ),
        response: {
          200: Type.Object(
            {
              fault: Type.Union([OneOf(faults), Type.Null()], {
                description: 'Why the password would be refused; null when it would be taken.',
              }),
            },
            { description: 'What it lacks, if anything.', examples: [{ fault: 'guessable' }, { fault: null }] },
          ),
        },
      },
    },
    async (request, reply) => {
      const { password, email = '', name = '' } = request.body
      const read = readEmail(email)
      const fault = await judge(password, { email: 'email' in read ? read.email : '', name })
      return reply.header('cache-control', 'no-store').send({ fault: fault ?? null })
    },
  )
}
