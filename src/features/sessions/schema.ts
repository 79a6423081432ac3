import { PageOf } from '../../http/lists.ts'
import { type Static, Type } from '../../json-schema.ts'
import { timeOf } from '../../core/ids.ts'
import type { Session } from '../../core/records/session.ts'
import type { Device, ReadDevice } from '../../core/device.ts'
import { Instant } from '../../http/schema.ts'

const shown = {
  id: Type.String({ format: 'uuid' }),
  device: Type.String({ description: 'What the browser or program calls itself, in words.' }),
  ip: Type.String({ description: 'The network address that it signed in from.' }),
  created_at: Instant,
  last_seen_at: Type.Unsafe<string>({ ...Instant, description: 'To the minute.' }),
  expires_at: Type.Unsafe<string>({ ...Instant, description: 'When it ends unless it is used until then.' }),
}
const example = {
  id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
  device: 'Firefox on Linux',
  ip: '203.0.113.7',
  created_at: '2026-11-20T08:00:00.000Z',
  last_seen_at: '2026-11-20T09:30:00.000Z',
  expires_at: '2026-12-20T09:30:00.000Z',
}

/** A session as its person sees it. */
const OwnSession = Type.Object({
  ...shown,
  program: Type.Union([Type.String(), Type.Null()], {
    description:
      'The name of the program whose own session it is, on a device without a browser; null: a person’s sign-in.',
  }),
  current: Type.Boolean({ description: 'Whether it is the one that asks.' }),
})
export const OwnSessions = Type.Array(OwnSession, {
  description: 'The one used last first.',
  examples: [[{ ...example, program: null, current: true }]],
})

export const RememberedDevices = Type.Array(
  Type.Object({
    device: shown.device,
    seen_at: Type.Unsafe<string>({ ...Instant, description: 'When it last signed in.' }),
    remembered_until: Instant,
  }),
  {
    description: 'The one that signed in last first.',
    examples: [
      [
        {
          device: example.device,
          seen_at: '2026-11-20T08:00:00.000Z',
          remembered_until: '2026-12-20T08:00:00.000Z',
        },
      ],
    ],
  },
)

const AnySession = Type.Object({ ...shown, user: Type.String({ format: 'uuid', description: 'Whose it is.' }) })
export const SessionPage = PageOf(AnySession, {
  description: 'The one that began last first.',
  examples: [{ ...example, user: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e61' }],
})
export type ShownSession = Static<typeof AnySession>

/** The API is in English. */
export function inWords({ browser, system }: Device): string {
  return [browser, system].filter(Boolean).join(' on ') || 'Unknown device'
}

/** `more`: what else is told of it. */
export function showSession<More extends object>(session: Session, readDevice: ReadDevice, more: More) {
  return {
    id: session.id,
    device: inWords(readDevice(session.userAgent)),
    ip: session.ip,
    created_at: new Date(timeOf(session.id)).toISOString(),
    last_seen_at: session.lastSeenAt.toISOString(),
    expires_at: session.idleExpiresAt.toISOString(),
    ...more,
  }
}
