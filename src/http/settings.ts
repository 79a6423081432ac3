import { type Static, Type } from '../json-schema.ts'
import { type Findings, seconds, section } from '../settings.ts'

/** The `cors` section of gatehouse.yaml. */
export const CorsSettings = section({
  origins: Type.Array(Type.String(), { description: 'a list of origins: [https://app.example.com, …]', default: [] }),
})
export type CorsSettings = Static<typeof CorsSettings>

export function checkCorsSettings({ origins }: CorsSettings, findings: Findings): void {
  for (const [index, origin] of origins.entries()) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue
    findings.fault(['cors', 'origins', index], 'expected an origin such as https://app.example.com')
  }
}

/** The `limits` section of gatehouse.yaml. */
export const LimitSettings = section({
  requests_per_minute: Type.Integer({ minimum: 1, default: 600 }),
  secret_tests_per_minute: Type.Integer({ minimum: 1, default: 20 }),
  /** Of one session; so many may also come at once. */
  refreshes_per_minute: Type.Integer({ minimum: 1, default: 60 }),
  failures_per_account: Type.Integer({ minimum: 1, default: 10 }),
  failure_window_seconds: seconds(900),
})
export type LimitSettings = Static<typeof LimitSettings>
