import { canonicalEmail, isOfDomains } from '../../core/email.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { HashNewPassword } from '../../core/password-policy.ts'
import type { Language } from '../../core/language.ts'
import type { MailRequests } from '../../core/mail-request.ts'

/** `ip`: the network address of whoever asks; `language`: what they read. */
interface From {
  ip: string
  language: Language
}

export interface Registering {
  /**
   * Asks for an account with an address. Whoever calls learns nothing about whether the address is taken: the work and the
   * answer are the same, and a mail says the rest. Throws `registration_closed` and `password_rejected`.
   */
  register(request: { name: string; email: string; password: string }, from: From): Promise<void>
  /** Asks for a new link for an address that was registered. Tells nothing about the address either. */
  resend(email: string, from: From): Promise<void>
}

/** Who may register. */
export interface RegistrationRules {
  mode: 'open' | 'invite' | 'closed'
  /** Mail domains that may; empty: all. */
  domains: readonly string[]
}

/** What people ask who want an account. A mail answers it: see `answer-registrations.ts`. */
export function createRegistering(dependencies: {
  rules: RegistrationRules
  hashNewPassword: HashNewPassword
  requests: MailRequests
}): Registering {
  const { rules, hashNewPassword, requests } = dependencies
  return {
    async register({ name, email: address, password }, { ip, language }) {
      if (rules.mode !== 'open') throw new GatehouseError('registration_closed')
      const email = canonicalEmail(address)
      if (!isOfDomains(email, rules.domains)) {
        throw new GatehouseError('registration_closed', {
          detail: 'Addresses of this mail domain cannot register here.',
        })
      }
      const passwordHash = await hashNewPassword(password, { email, name })
      await requests.ask({ kind: 'register', email, language, details: { name, passwordHash } }, ip)
    },
    async resend(address, { ip, language }) {
      await requests.ask({ kind: 'resend-verification', email: canonicalEmail(address), language, details: {} }, ip)
    },
  }
}
