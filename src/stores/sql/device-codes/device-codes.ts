import { codeOfDevice, type DeviceCodeStore } from '../../../core/records/device-code.ts'
import { keepAuthorization } from '../authorizations/authorizations.ts'
import { type Database, rowsOf } from '../database.ts'
import { and, eq, gt, inArray, isNull, type SQL, sql } from '../drizzle.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { deviceCodes } from './tables.ts'

const columns = {
  id: deviceCodes.id,
  clientId: deviceCodes.clientId,
  scopes: deviceCodes.scopes,
  audiences: deviceCodes.audiences,
  ip: deviceCodes.ip,
  userAgent: deviceCodes.userAgent,
  createdAt: deviceCodes.createdAt,
  expiresAt: deviceCodes.expiresAt,
}

const isPending = (at: Date): SQL => and(isNull(deviceCodes.decidedAt), gt(deviceCodes.expiresAt, at))!

export function createDeviceCodeStore(db: Database): DeviceCodeStore {
  return {
    async create(code) {
      const made = db.insert(deviceCodes).values(code).onConflictDoNothing().returning({ id: deviceCodes.id })
      return (await made).length > 0
    },
    async findPending(by, at) {
      const named = 'id' in by ? eq(deviceCodes.id, by.id) : inArray(deviceCodes.userCodeHash, [...by.userCodeHashes])
      const [found] = await db
        .select(columns)
        .from(deviceCodes)
        .where(and(named, isPending(at)))
      return found
    },
    async poll(codeHash, clientId, at, { slowerSeconds, slackMilliseconds }) {
      const now = sql`${at.toISOString()}::timestamptz`
      const [polled] = await rowsOf<{
        ip: string
        user_agent: string
        expires_at: string | Date
        authorization_id: string | null
        is_decided: boolean
        is_too_fast: boolean
      }>(
        db,
        sql`with asked as (
            select id, decided_at is not null as is_decided,
              decided_at is null and expires_at > ${now} and polled_at is not null
                and polled_at + make_interval(secs => interval_seconds - ${slackMilliseconds / 1000}::float8) > ${now}
                as is_too_fast
            from device_codes where code_hash = ${codeHash} and client_id = ${clientId} for update)
          update device_codes as code
          set polled_at = case when is_decided then polled_at else ${now} end,
            interval_seconds = interval_seconds + case when is_too_fast then ${slowerSeconds}::int else 0 end
          from asked where code.id = asked.id
          returning ip, user_agent, expires_at, authorization_id, is_decided, is_too_fast`,
      )
      if (polled === undefined) return undefined
      const { ip, user_agent: userAgent, expires_at: expiresAt, authorization_id: authorizationId } = polled
      const undecided = polled.is_too_fast ? ('too_fast' as const) : ('pending' as const)
      const decided = authorizationId === null ? ('denied' as const) : ('approved' as const)
      return { ip, userAgent, expiresAt: new Date(expiresAt), state: polled.is_decided ? decided : undecided }
    },
    approve: (id, authorization, { mails = [] }) =>
      db
        .transaction(async (tx) => {
          const at = authorization.createdAt
          const [decided] = await tx
            .update(deviceCodes)
            .set({ decidedAt: at, authorizationId: authorization.id })
            .where(and(eq(deviceCodes.id, id), isPending(at)))
            .returning({ codeHash: deviceCodes.codeHash, codeExpiresAt: deviceCodes.expiresAt })
          if (decided === undefined) return 'ended'
          const { codeExpiresAt } = decided
          const codeHash = codeOfDevice(decided.codeHash)
          const nothing = { redirectUri: '', challenge: null, nonce: null }
          const kept = await keepAuthorization(tx, { ...authorization, ...nothing, codeHash, codeExpiresAt }, 'given')
          if (kept !== 'issued') throw new SessionEnded()
          await queueMails(tx, mails)
          return 'approved' as const
        })
        .catch((error: unknown) => {
          if (error instanceof SessionEnded) return 'session_ended'
          throw error
        }),
    async deny(id, at) {
      const denied = await db
        .update(deviceCodes)
        .set({ decidedAt: at })
        .where(and(eq(deviceCodes.id, id), isPending(at)))
        .returning({ id: deviceCodes.id })
      return denied.length > 0
    },
  }
}

/** Takes the decision back with its transaction. */
class SessionEnded extends Error {}
