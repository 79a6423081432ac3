import { type Static, Type } from 'typebox'
import { checkNetworks, type Findings, section } from '../../settings.ts'

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
