import { type Static, Type } from '../../json-schema.ts'
import { checkNetworks, type Findings, seconds, section, setting } from '../../settings.ts'

/** The `shutdown` section of gatehouse.yaml. */
export const ShutdownSettings = section({
  drain_seconds: setting(
    'How long the service goes on answering, while it says that it is not ready, once it is told to stop.',
    seconds(5, 0, 300),
  ),
})

/** The `metrics` section of gatehouse.yaml. */
export const MetricsSettings = section({
  networks: setting(
    'The networks that may read `/metrics`. Everybody else is answered 404.',
    Type.Array(Type.String(), {
      title: 'a list of networks: [10.0.0.0/8, …]',
      default: ['127.0.0.1/32', '::1/128'],
    }),
  ),
})
export type MetricsSettings = Static<typeof MetricsSettings>

export function checkMetricsSettings({ networks }: MetricsSettings, findings: Findings): void {
  checkNetworks(findings, ['metrics', 'networks'], networks)
}
