import { createHmac } from 'node:crypto'
import { type GatehouseError, tooManyRequests } from './errors.ts'

/** How often something may happen within any time of so many seconds. */
export interface Budget {
  readonly key: string
  readonly most: number
  readonly windowSeconds: number
}

/** One of several budgets that has nothing left, and after how many seconds it has again. */
export interface UsedUp {
  kind: 'used_up'
  budget: Budget
  resetSeconds: number
}

export type Spending = { kind: 'spent' } | UsedUp

/**
 * Budgets of what must not happen too often, such as wrong guesses of a secret: sliding windows, so that in no time of the
 * window's length there is more than the budget, wherever that time begins. All replicas share them. Each method rejects
 * when the store cannot answer, and then nothing may be done that a budget is for.
 */
export interface Budgets {
  /**
   * Takes one out of each of these, or, where one is used up, out of none: one atomic step. Of those used up it names the one
   * that lasts longest. They are given in one order everywhere, the widest last.
   */
  spend(budgets: readonly Budget[]): Promise<Spending>
  /** Makes the first of these whole again, and puts back into the others as much as was taken out of it. */
  forgive(budgets: readonly Budget[]): Promise<void>
  /** The one that is used up longest; nothing when each has something left. Takes nothing. */
  look(budgets: readonly Budget[]): Promise<UsedUp | undefined>
}

/**
 * The same budgets under names that tell nobody what they are of: a key may hold an address, or a password that somebody typed
 * into the wrong field, and is kept in a store that has backups. With another secret all budgets are whole again.
 */
export function withHiddenKeys(budgets: Budgets, secret: Uint8Array): Budgets {
  const hide = (key: string) => createHmac('sha256', secret).update(key).digest('base64url')
  const hidden = (asked: readonly Budget[]) => asked.map((budget) => ({ ...budget, key: hide(budget.key) }))
  const shown = (asked: readonly Budget[], usedUp: UsedUp): UsedUp => {
    const budget = asked.find(({ key }) => hide(key) === usedUp.budget.key)!
    return { ...usedUp, budget }
  }
  return {
    async spend(asked) {
      const spending = await budgets.spend(hidden(asked))
      return spending.kind === 'spent' ? spending : shown(asked, spending)
    },
    forgive: (asked) => budgets.forgive(hidden(asked)),
    async look(asked) {
      const usedUp = await budgets.look(hidden(asked))
      return usedUp && shown(asked, usedUp)
    },
  }
}

/** What whoever has used a budget up is told. */
export function overBudget({ budget, resetSeconds }: UsedUp): GatehouseError {
  return tooManyRequests({ resetSeconds }, budget.most)
}

/**
 * A window is kept as counts of slices, a sixtieth of it each, by the time at which a slice begins. A slice counts until its
 * end has left the window: a budget may be whole up to a slice too late, and never too early.
 */
export type Slices = Readonly<Record<string, number>>

export interface Slicing {
  /** The slice of now, in epoch milliseconds. */
  slice: number
  /** Slices that begin here or before count no more. */
  gone: number
  /** From a slice's beginning on it may count for so many milliseconds. */
  lasts: number
}

export function slicingOf({ windowSeconds }: Budget, now: number): Slicing {
  const length = Math.ceil((windowSeconds * 1000) / 60)
  const lasts = windowSeconds * 1000 + length
  return { slice: now - (now % length), gone: now - lasts, lasts }
}

/** Which of these is used up longest, by what is kept of each in the same place of `slices`. */
export function longestUsedUp(
  budgets: readonly Budget[],
  slices: readonly (Slices | undefined)[],
  now: number,
): UsedUp | undefined {
  let longest: UsedUp | undefined
  for (const [place, budget] of budgets.entries()) {
    const { gone, lasts } = slicingOf(budget, now)
    const counting = Object.entries(slices[place] ?? {})
      .map(([slice, count]) => [Number(slice), count] as const)
      .filter(([slice]) => slice > gone)
      .toSorted(([one], [other]) => one - other)
    let left = budget.most - counting.reduce((sum, [, count]) => sum + count, 0)
    // The slice with whose end something is left again.
    const freeing = left > 0 ? undefined : counting.find(([, count]) => (left += count) > 0)
    if (freeing === undefined) continue
    const resetSeconds = Math.max(1, Math.ceil((freeing[0] + lasts - now) / 1000))
    if (resetSeconds > (longest?.resetSeconds ?? 0)) longest = { kind: 'used_up', budget, resetSeconds }
  }
  return longest
}
