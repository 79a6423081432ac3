import type { Registry } from 'prom-client'

/** What is counted elsewhere and read when somebody asks. */
export interface MetricSources {
  /** How often each signing key has signed each type of token, and verified. */
  keyUsage(): readonly { kid: string; type: string; count: number }[]
  feedIsCurrent(): boolean
  feedPosition(): number
}

/** The figures of this process in the Prometheus text format. */
export interface Metrics {
  render(): Promise<{ contentType: string; body: string }>
}

/**
 * Nothing is measured on the way of a request: counters that exist anyway are read when they are asked for. What watches the
 * process itself, its event loop and its memory, begins with the first question: where nobody asks it costs nothing.
 */
export function createMetrics(sources: MetricSources): Metrics {
  let registry: Promise<Registry> | undefined
  return {
    async render() {
      const own = await (registry ??= createRegistry(sources))
      return { contentType: own.contentType, body: await own.metrics() }
    },
  }
}

async function createRegistry(sources: MetricSources): Promise<Registry> {
  const { Counter, collectDefaultMetrics, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  // oxlint-disable-next-line no-new
  new Counter({
    name: 'gatehouse_signatures_total',
    help: 'Signatures made (by type of token) and verified (type "verified"), by signing key.',
    labelNames: ['kid', 'type'],
    registers,
    collect() {
      this.reset()
      for (const { kid, type, count } of sources.keyUsage()) this.inc({ kid, type }, count)
    },
  })
  // oxlint-disable-next-line no-new
  new Gauge({
    name: 'gatehouse_revocation_feed_current',
    help: '1 while the revocation feed is read within its bound of a second.',
    registers,
    collect() {
      this.set(sources.feedIsCurrent() ? 1 : 0)
    },
  })
  // oxlint-disable-next-line no-new
  new Gauge({
    name: 'gatehouse_revocation_feed_position',
    help: 'Number of the newest row of the revocation feed that this process has read.',
    registers,
    collect() {
      this.set(sources.feedPosition())
    },
  })
  return registry
}
