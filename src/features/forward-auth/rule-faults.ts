export interface RuleFault {
  /** The keys of gatehouse.yaml that lead to it. */
  readonly keys: readonly (string | number)[]
  readonly reason: string
}

/** Rules that cannot be compiled. */
export class RuleFaults extends Error {
  readonly faults: readonly RuleFault[]
  constructor(faults: readonly RuleFault[]) {
    super(faults.map(({ keys, reason }) => `${keys.join('.')}: ${reason}`).join('\n'))
    this.faults = faults
  }
}
