import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { DirectoryPerson } from '../../core/directory.ts'
import { readEmail } from '../../core/email.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import { isPlainText } from '../../core/plain-text.ts'
import type { IdentityFacts, IdentityStore } from '../../core/records/identity.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import { readLogin } from '../../core/username.ts'
import type { directoriesEvents } from './audit-events.ts'
import type { NamedDirectory } from './directory-set.ts'
import { factsOf } from './rights.ts'

/** As long as names are here. */
const maxName = 200

/** The account of a person who has proven their password in the directory; nothing where they have none and get none. */
export type Admit = (
  directory: NamedDirectory,
  person: DirectoryPerson,
  groups: readonly string[],
) => Promise<User | undefined>

/** What tells the owner of an account that another one opens it from now on. */
export type ConnectedMails = MailWriter<MailOf<{ 'directory-connected': { directory: string; link: string } }>>

/**
 * Finds the account by what never changes, or makes one. An account that is there is joined by its address only where the operator
 * says that the directory knows who owns addresses of that domain, and where it is verified here: whoever opened an account for
 * an address of somebody else would otherwise share theirs.
 */
export function createAdmit(dependencies: {
  users: Pick<UserStore, 'findByLogin' | 'findById'>
  identities: Pick<IdentityStore, 'find' | 'of' | 'note' | 'link' | 'create'>
  mails: ConnectedMails
  audit: Audit<typeof directoriesEvents>
  clock: Clock
  issuer: string
  defaultLanguage: Language
}): Admit {
  const { users, identities, mails, audit, clock, issuer, defaultLanguage } = dependencies

  function refuse(directory: NamedDirectory, reason: 'first_sign_in' | 'no_address' | 'address_taken'): undefined {
    audit.record({ event: 'directory.not_admitted', directory: directory.config.name, reason })
    return undefined
  }

  async function known({ source }: NamedDirectory, person: DirectoryPerson, facts: IdentityFacts) {
    const found = await identities.find(source, person.id)
    if (found === undefined) return undefined
    await identities.note(found.identity.id, facts, { at: new Date(clock.now()), isUsed: true })
    return users.findById(found.user.id)
  }

  /** Joins an account by an address of which the directory is believed. */
  async function join(directory: NamedDirectory, person: DirectoryPerson, facts: IdentityFacts, user: User) {
    // Who has the address in the directory now may be another person than the one whose account this became.
    const isTheirs = (await identities.of(user.id)).some(({ source }) => source === directory.source)
    if (isTheirs || user.emailVerifiedAt === null || user.status !== 'active') return refuse(directory, 'address_taken')
    const told = mails.seal({
      kind: 'directory-connected',
      ...{ to: user.email, userId: user.id, language: user.locale ?? defaultLanguage },
      facts: { directory: directory.config.title, link: `${issuer}/login` },
    })
    const { passwordHash: provenHash } = user
    const linked = await identities.link(identityOf(directory, person, facts, user.id), { provenHash, mails: [told] })
    if (linked === 'account_changed') return refuse(directory, 'address_taken')
    if (linked === 'taken') return known(directory, person, facts)
    const { name } = directory.config
    audit.record({ event: 'directory.account_connected', subject: user.id, directory: name, by: 'trusted_address' })
    return users.findById(user.id)
  }

  const identityOf = (directory: NamedDirectory, person: DirectoryPerson, facts: IdentityFacts, userId: string) => {
    const at = clock.now()
    const { source } = directory
    return { id: uuidv7(at), userId, source, issuer: source, subject: person.id, ...facts, createdAt: new Date(at) }
  }

  return async (directory, person, groups) => {
    const { config } = directory
    const facts = factsOf(person, groups, config)
    const there = await known(directory, person, facts)
    if (there !== undefined) return there
    if (config.firstSignIn === 'refuse') return refuse(directory, 'first_sign_in')
    const read = readEmail(person.email ?? '')
    if ('fault' in read) return refuse(directory, 'no_address')
    const { email } = read
    const isTrusted = config.trustEmailFor.includes(email.slice(email.lastIndexOf('@') + 1))
    const holder = await users.findByLogin(email)
    if (holder !== undefined) {
      return isTrusted ? join(directory, person, facts, holder) : refuse(directory, 'address_taken')
    }
    const at = new Date(clock.now())
    const userId = uuidv7(clock.now())
    const identity = identityOf(directory, person, facts, userId)
    const user = {
      ...{ id: userId, email, name: nameOf(person, email), passwordHash: null, roles: [], createdAt: at },
      emailVerifiedAt: isTrusted ? at : null,
    }
    const username = usernameOf(person)
    let made = await identities.create({ ...user, username }, identity)
    // Somebody else has it, or has had it.
    if (made === 'username_taken') made = await identities.create({ ...user, username: null }, identity)
    // Another request of theirs was quicker.
    if (made === 'taken') return known(directory, person, facts)
    if (made !== 'created') return refuse(directory, 'address_taken')
    audit.record({ event: 'directory.account_created', subject: userId, directory: config.name })
    return users.findById(userId)
  }
}

function nameOf({ name = '' }: DirectoryPerson, email: string): string {
  const trimmed = name.trim()
  return trimmed !== '' && trimmed.length <= maxName && isPlainText(trimmed) ? trimmed : email.split('@')[0]!
}

function usernameOf({ username = '' }: DirectoryPerson): string | null {
  const read = username.includes('@') ? undefined : readLogin(username)
  return read !== undefined && 'login' in read ? read.login : null
}
