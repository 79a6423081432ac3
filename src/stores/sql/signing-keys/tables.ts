import type { SigningKey } from '../../../core/records/signing-key.ts'
import { instant } from '../columns.ts'
import { pgTable, text } from '../drizzle.ts'

export const signingKeys = pgTable('signing_keys', {
  kid: text('kid').primaryKey(),
  algorithm: text('algorithm').$type<SigningKey['algorithm']>().notNull(),
  publicKeyPem: text('public_key_pem').notNull(),
  sealedPrivateKey: text('sealed_private_key').notNull(),
  createdAt: instant('created_at').notNull(),
  activatesAt: instant('activates_at').notNull(),
  retiresAt: instant('retires_at'),
  compromisedAt: instant('compromised_at'),
})
