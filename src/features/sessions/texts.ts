import type { Device } from '../../core/device.ts'
import { type Child, html } from '../../pages/html.ts'

export const sessions = {
  title: 'Where you are signed in',
  why: 'Each browser and each program that is signed in to your account. End what you do not know, and choose a new password.',
  device: ({ browser, system }: Device) => [browser, system].filter(Boolean).join(' on ') || 'Unknown device',
  program: (name: string) => `${name}, on a device`,
  this: 'This one',
  from: (address: string) => `From ${address}`,
  began: (at: Child) => html`Signed in on ${at}`,
  seen: (at: Child) => html`Last used on ${at}`,
  end: 'End',
  endOthers: 'End all others',
  ended: 'The session is ended.',
  othersEnded: 'All other sessions are ended.',
  gone: 'This session has ended already.',
  remembered: 'Where your second factor is not asked for',
  signedIn: (at: Child) => html`Signed in last on ${at}`,
  rememberedUntil: (at: Child) => html`Until ${at}`,
  forget: 'Ask everywhere again',
  forgotten: 'Your second factor is asked for everywhere again.',
}
export interface SessionTexts {
  sessions: typeof sessions
}
