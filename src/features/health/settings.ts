import { type Static, Type } from '../../json-schema.ts'
import { checkNetworks, type Findings, seconds, section } from '../../settings.ts'

/** The `shutdown` section of gatehouse.yaml. */
export const ShutdownSettings = section({
  drain_seconds: seconds(5, 0, 300),
})

/** The `metrics` section of gatehouse.yaml. */
export const MetricsSettings = section({
  networks: Type.Array(Type.String(), {
    description: 'a list of networks: [10.0.0.0/8, …]',
    default: ['127.0.0.1/32', '::1/128'],
  }),
})
export type MetricsSettings = Static<typeof MetricsSettings>

export function checkMetricsSettings({ networks }: MetricsSettings, findings: Findings): void {
  checkNetworks(findings, ['metrics', 'networks'], networks)
}
