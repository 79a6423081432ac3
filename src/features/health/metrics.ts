import type { Registry } from 'prom-client'

/** What is counted elsewhere and read when somebody asks. */
export interface MetricSources {
  /** How often each signing key has signed each type of token, and verified. */
  keyUsage(): readonly { kid: string; type: string; count: number }[]
  feedIsCurrent(): boolean
  feedPosition(): number
  /** Seconds for the one that has waited longest. Nothing while the store does not answer. */
  mails(): Promise<{ queued: number; dead: number; oldestSeconds: number } | undefined>
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

/** The figures of the service's own. Those of the process and of Node.js are the library's. */
export const ownMetrics = {
  gatehouse_signatures_total: {
    type: 'counter',
    labels: ['kid', 'type'],
    help: 'Signatures made (by type of token) and verified (type "verified"), by signing key.',
  },
  gatehouse_revocation_feed_current: {
    type: 'gauge',
    labels: [],
    help: '1 while the revocation feed is read within its bound of a second.',
  },
  gatehouse_revocation_feed_position: {
    type: 'gauge',
    labels: [],
    help: 'Number of the newest row of the revocation feed that this process has read.',
  },
  gatehouse_mails_queued: {
    type: 'gauge',
    labels: [],
    help: 'Mails that wait to be sent, by all replicas.',
  },
  gatehouse_mails_dead: {
    type: 'gauge',
    labels: [],
    help: 'Mails that were given up, and that "gatehouse mail retry" tries again.',
  },
  gatehouse_mails_oldest_queued_seconds: {
    type: 'gauge',
    labels: [],
    help: 'How long the mail has waited that has waited longest; 0 where none does.',
  },
} as const

async function createRegistry(sources: MetricSources): Promise<Registry> {
  const { Counter, collectDefaultMetrics, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const describe = (name: keyof typeof ownMetrics) => {
    const { help, labels } = ownMetrics[name]
    return { name, help, labelNames: labels, registers: [registry] }
  }
  // oxlint-disable-next-line no-new
  new Counter({
    ...describe('gatehouse_signatures_total'),
    collect() {
      this.reset()
      for (const { kid, type, count } of sources.keyUsage()) this.inc({ kid, type }, count)
    },
  })
  // oxlint-disable-next-line no-new
  new Gauge({
    ...describe('gatehouse_revocation_feed_current'),
    collect() {
      this.set(sources.feedIsCurrent() ? 1 : 0)
    },
  })
  // oxlint-disable-next-line no-new
  new Gauge({
    ...describe('gatehouse_revocation_feed_position'),
    collect() {
      this.set(sources.feedPosition())
    },
  })
  // All three are asked for at once, and answered by one question.
  let asked: ReturnType<MetricSources['mails']> | undefined
  const ofMails = [
    ['gatehouse_mails_queued', 'queued'],
    ['gatehouse_mails_dead', 'dead'],
    ['gatehouse_mails_oldest_queued_seconds', 'oldestSeconds'],
  ] as const
  for (const [name, figure] of ofMails) {
    // oxlint-disable-next-line no-new
    new Gauge({
      ...describe(name),
      async collect() {
        const mails = await (asked ??= sources.mails().finally(() => (asked = undefined)))
        if (mails === undefined) this.remove()
        else this.set(mails[figure])
      },
    })
  }
  return registry
}
