import type { Audit } from '../../../core/audit.ts'
import type { Budgets } from '../../../core/budgets.ts'
import type { Clock } from '../../../core/clock.ts'
import { uuidv7 } from '../../../core/ids.ts'
import type { Language } from '../../../core/language.ts'
import type { MailOf, MailWriter } from '../../../core/mail.ts'
import { limitKey } from '../../../core/network.ts'
import type { UserPrincipal } from '../../../core/principal.ts'
import type { Client, ClientStore } from '../../../core/records/client.ts'
import type { DeviceCode, DeviceCodeStore } from '../../../core/records/device-code.ts'
import type { UserStore } from '../../../core/records/user.ts'
import type { openidEvents } from '../audit-events.ts'
import { proofWantedByDefault, type WantedProof } from '../wanted-proof.ts'
import { readUserCode } from './user-code.ts'

const windowSeconds = 600

/** A device that waits for somebody, and its program. */
interface Waiting {
  device: DeviceCode
  client: Client
}

type Person = UserPrincipal & { sessionId: string }

/** What a person does who reads a code on a device. */
export interface DeviceDecisions {
  /**
   * The device that shows a code. Every try counts, also a right one: whoever has codes of their own must not get more tries by them.
   * Limited are those of a person, of a network address and of all together.
   */
  enter(
    person: Pick<Person, 'subject'>,
    typed: string,
    ip: string,
  ): Promise<
    | ({ kind: 'found'; code: string } & Waiting)
    | { kind: 'unknown' }
    | { kind: 'too_many_tries'; retryAfterSeconds: number }
  >
  /** The same of one that was found before. */
  find(id: string): Promise<Waiting | undefined>
  /** What the person has to prove before they may let it in, by the defaults of its program; nothing where what they have proven does. */
  wantedProof(person: Person, waiting: Waiting): WantedProof | undefined
  /** Lets it in, and mails that to the person. `ended`: it was decided elsewhere, or is over. `unproven`: a proof is wanted. */
  approve(
    person: Person,
    waiting: Waiting,
    language: Language,
  ): Promise<'approved' | 'ended' | 'session_ended' | 'unproven'>
  deny(person: Person, waiting: Waiting): Promise<'denied' | 'ended'>
}

export function createDeviceDecisions(dependencies: {
  deviceCodes: Pick<DeviceCodeStore, 'findPending' | 'approve' | 'deny'>
  clients: Pick<ClientStore, 'find'>
  users: Pick<UserStore, 'findById'>
  mails: MailWriter<MailOf<{ 'device-let-in': { program: string; at: Date; ip: string; link: string } }>>
  hashesOfUserCode(code: string): string[]
  budgets: Budgets
  audit: Audit<typeof openidEvents>
  clock: Clock
  issuer: string
}): DeviceDecisions {
  const { deviceCodes, clients, users, mails, hashesOfUserCode, budgets, audit, clock, issuer } = dependencies

  async function waitingOf(device: DeviceCode | undefined): Promise<Waiting | undefined> {
    const client = device && (await clients.find(device.clientId))
    return device && client && { device, client }
  }

  function wantedProof(person: Person, { device, client }: Waiting): WantedProof | undefined {
    const askedAt = Math.floor(device.createdAt.getTime() / 1000)
    return proofWantedByDefault(client, person, { askedAt, now: Math.floor(clock.now() / 1000) })
  }

  return {
    wantedProof,
    async enter({ subject }, typed, ip) {
      const spending = await budgets.spend([
        { key: `device-tries:${subject}`, most: 10, windowSeconds },
        { key: `device-tries:of:${limitKey(ip)}`, most: 30, windowSeconds },
        { key: 'device-tries', most: 1_000, windowSeconds },
      ])
      if (spending.kind === 'used_up') {
        audit.record({ event: 'device.limited', subject, limit: spending.budget.most })
        return { kind: 'too_many_tries', retryAfterSeconds: spending.resetSeconds }
      }
      const code = readUserCode(typed)
      const at = new Date(clock.now())
      const found =
        code === undefined ? undefined : await deviceCodes.findPending({ userCodeHashes: hashesOfUserCode(code) }, at)
      const waiting = await waitingOf(found)
      if (code !== undefined && waiting !== undefined) return { kind: 'found', code, ...waiting }
      audit.record({ event: 'device.code_unknown', subject })
      return { kind: 'unknown' }
    },
    find: async (id) => waitingOf(await deviceCodes.findPending({ id }, new Date(clock.now()))),
    async approve(person, waiting, language) {
      if (wantedProof(person, waiting) !== undefined) return 'unproven'
      const { subject, sessionId, authenticatedAt, level, methods } = person
      const { device, client } = waiting
      const now = clock.now()
      const user = await users.findById(subject)
      if (user === undefined) return 'session_ended'
      const { scopes, audiences } = device
      const mail = mails.seal({
        ...{ kind: 'device-let-in', to: user.email, language, userId: subject },
        facts: { program: client.name, at: device.createdAt, ip: device.ip, link: `${issuer}/grants` },
      })
      const approved = await deviceCodes.approve(
        device.id,
        {
          ...{ id: uuidv7(now), userId: subject, clientId: client.id, sessionId, scopes, audiences },
          ...{ authenticatedAt: new Date(authenticatedAt * 1000), level, methods: [...methods] },
          createdAt: new Date(now),
        },
        { mails: [mail] },
      )
      if (approved === 'approved') {
        const about = { subject, clientId: client.id, sessionId, scopes, audiences }
        audit.record({ event: 'device.let_in', ...about, device_ip: device.ip })
      }
      return approved
    },
    async deny({ subject }, { device, client }) {
      if (!(await deviceCodes.deny(device.id, new Date(clock.now())))) return 'ended'
      audit.record({ event: 'device.denied', subject, clientId: client.id, device_ip: device.ip })
      return 'denied'
    },
  }
}
