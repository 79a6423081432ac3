import type { FastifyBaseLogger } from 'fastify'
import { createPasswordHasher } from './adapters/password-hasher.ts'
import { createBreachedPasswords } from './adapters/breached-passwords.ts'
import { createStrengthEstimate } from './adapters/password-strength.ts'
import type { Config } from './config.ts'
import { type Budgets, withHiddenKeys } from './core/budgets.ts'
import { type Counters, withHiddenNames } from './core/counters.ts'
import { basePathOf } from './core/issuer.ts'
import {
  createHashNewPassword,
  createJudgePassword,
  type HashNewPassword,
  type JudgePassword,
  type StrengthEstimate,
} from './core/password-policy.ts'
import type { Clock } from './core/clock.ts'
import type { Log } from './core/log.ts'
import { limitKey } from './core/network.ts'
import type { PasswordHasher } from './core/password-hasher.ts'
import type { Stores } from './core/stores.ts'
import { createKeyedHash, createSecretBox, deriveKey, type SecretBox } from './core/secrets.ts'
import { auditEvents } from './audit-events.ts'
import { type AuditTrail, createAuditTrail } from './features/audit-log/trail.ts'
import { createRequestFaults, type RequestFaults } from './http/request-faults.ts'
import { currentOrigin } from './http/request-origin.ts'

/** What everything stands on. A process has one of each: the queues of the hasher bound what the process spends on passwords. */
export interface Base {
  /** URL of the service, without a slash at its end. */
  readonly issuer: string
  /** What the path of each route begins with; empty where the issuer has none. */
  readonly basePath: string
  readonly clock: Clock
  readonly log: Log
  /** What the log is written by, for Fastify, whose requests have loggers of their own. */
  readonly logger: FastifyBaseLogger
  /** Tells the log of requests that met a fault. */
  readonly faults: RequestFaults
  /** Knows from the request under way who did what, and from where. */
  readonly audit: AuditTrail<typeof auditEvents>
  readonly stores: Stores
  /** Of what must not be tried too often, under names that the stores cannot read. */
  readonly budgets: Budgets
  /** Of requests and mails, likewise. */
  readonly counters: Counters
  readonly hasher: PasswordHasher
  /** Says what is wrong with a password that somebody is choosing, without asking anybody else. */
  readonly judgePassword: JudgePassword
  /** Judges a password that somebody chose, and hashes it. */
  readonly hashNewPassword: HashNewPassword
  /** 32 bytes of a text, for one purpose, that nobody can tell without the secret of the service. */
  keyedHash(purpose: string): (text: string) => Buffer
  /** The same under each secret, the present one first: what was stored under a former one is found by it. */
  keyedHashes(purpose: string): (text: string) => Buffer[]
  /** Seals and opens secrets at rest, for one purpose. */
  box(purpose: string): SecretBox
}

/**
 * Makes the base. Does no I/O. `hasher`: another than the one for people's passwords, for tests that are not about it;
 * `estimateStrength`: one that several bases of a process share.
 */
export function createBase(dependencies: {
  config: Pick<Config, 'issuer' | 'secrets' | 'passwords'>
  stores: Stores
  clock: Clock
  logger: FastifyBaseLogger
  hasher?: PasswordHasher
  estimateStrength?: StrengthEstimate
}): Base {
  const { config, stores, clock, logger } = dependencies
  const { passwords: policy } = config
  const {
    hasher = createPasswordHasher(policy.argon2, { log: logger, addressOf: () => currentOrigin()?.ip }),
    estimateStrength = createStrengthEstimate(policy, { networkOf: () => limitKey(currentOrigin()?.ip) }),
  } = dependencies
  const log: Log = logger
  const judgePassword = createJudgePassword(policy, estimateStrength)
  const isBreached = createBreachedPasswords(policy, { clock, log })
  return {
    issuer: config.issuer,
    basePath: basePathOf(config.issuer),
    clock,
    log,
    logger,
    faults: createRequestFaults(log),
    audit: createAuditTrail({
      events: auditEvents,
      store: stores.audit,
      clock,
      log,
      tell: (level, fields, message) => logger[level](fields, message),
      origin: currentOrigin,
    }),
    stores,
    budgets: withHiddenKeys(stores.budgets, deriveKey(config.secrets[0], 'budgets')),
    counters: withHiddenNames(stores.counters, deriveKey(config.secrets[0], 'counters')),
    hasher,
    judgePassword,
    hashNewPassword: createHashNewPassword({ hasher, policy, judge: judgePassword, isBreached }),
    keyedHash: (purpose) => createKeyedHash(config.secrets[0], purpose),
    keyedHashes(purpose) {
      const each = config.secrets.map((secret) => createKeyedHash(secret, purpose))
      return (text) => each.map((hash) => hash(text))
    },
    box: (purpose) => createSecretBox(config.secrets, purpose),
  }
}
