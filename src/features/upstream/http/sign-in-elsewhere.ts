import type { FastifyReply, FastifyRequest } from 'fastify'
import type { UserPrincipal } from '../../../core/principal.ts'
import type { Proof, Wishes } from '../../../core/records/interaction.ts'
import type { User } from '../../../core/records/user.ts'
import type { PageUsers } from '../../../http/page-users.ts'

/** What the pages of providers need of the feature that signs people in. */
export interface SignInElsewhere extends PageUsers {
  /** Takes what a provider has proven as far as it gets. Resolves to where the browser goes; to nothing when the account changed meanwhile. */
  goOn(
    request: FastifyRequest,
    reply: FastifyReply,
    proven: { user: User; proofs: readonly Proof[]; wishes: Wishes },
  ): Promise<string | undefined>
  /** Takes it as a new proof of somebody who is signed in; false when the session, or the account, is not as it was. */
  stepUp(
    request: FastifyRequest,
    reply: FastifyReply,
    person: UserPrincipal,
    proofs: readonly Proof[],
  ): Promise<boolean>
  /** Shows the page on which somebody keeps an account that is going to be deleted. */
  keepAccount(request: FastifyRequest, reply: FastifyReply, user: User): FastifyReply
  /** Where somebody may be sent back to, of what they want. */
  returnTo(wanted: string | undefined): string
}
