import type { ReadDevice } from '../../../core/device.ts'

/** What a passkey is called whose person does not call it otherwise: after the browser and the system that made it. */
export function suggestedName(userAgent: string | undefined, readDevice: ReadDevice): string {
  const { browser, system } = readDevice(userAgent ?? '')
  return [browser, system].filter(Boolean).join(', ') || 'Passkey'
}
