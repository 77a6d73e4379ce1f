import { type Amounts, add } from '../../manifests/pod-resources.ts'
import { monthly, type Prices } from './prices.ts'

/** Amounts of all pods together, and what a month of them costs. */
export interface Cost {
  readonly amounts: Amounts
  readonly perMonth: number
}

export function costOf(list: readonly Amounts[], prices: Prices): Cost {
  const amounts = list.reduce<Amounts>(add, {})
  return { amounts, perMonth: monthly(amounts, prices) }
}

export function times(amounts: Amounts, count: number): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, value * count]))
}

/** What is below nothing is nothing: rounding leaves that. */
export function positive(amounts: Amounts): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, Math.max(0, value)]))
}

/** Never below nothing. */
export function less(one: Amounts, other: Amounts): Amounts {
  return positive(add(one, times(other, -1)))
}
