/** What a bench must end and remove, in reverse; also when it fails or is interrupted. */
export class Teardowns {
  readonly #steps: (() => unknown)[] = []
  #running: Promise<void> | undefined

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => void this.run().finally(() => process.exit(1)))
    }
  }

  teardown(step: () => unknown): void {
    this.#steps.push(step)
  }

  /** Whoever asks again waits for the same run: a bench that fails because it is interrupted must not exit before. */
  run(): Promise<void> {
    return (this.#running ??= this.#runAll())
  }

  async #runAll(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step()
  }
}
