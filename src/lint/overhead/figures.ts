import type { Amounts } from '../../manifests/pod-resources.ts'
import type { Cost } from './cost.ts'
import { monthly, type Prices } from './prices.ts'

/** `$12.34`, `$1,235`, `1,235 EUR`. */
export function money(amount: number, { currency }: Prices): string {
  const digits = Math.abs(amount) < 100 ? 2 : 0
  const number = Math.abs(amount).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  const sign = amount < 0 ? '-' : ''
  return /^\p{Sc}$/u.test(currency) ? `${sign}${currency}${number}` : `${sign}${number} ${currency}`
}

/** `250m`, `1.5`, `1,234`. */
export function processors(amount = 0): string {
  if (amount > 0 && amount < 1) return `${Math.round(amount * 1000)}m`
  return amount.toLocaleString('en-US', { maximumFractionDigits: amount < 100 ? 2 : 0 })
}

/** `64Mi`, `1.5Gi`. */
export function bytes(amount = 0): string {
  if (amount === 0) return '0'
  if (amount < 2 ** 30) return `${Math.round(amount / 2 ** 20)}Mi`
  return `${(amount / 2 ** 30).toLocaleString('en-US', { maximumFractionDigits: amount < 100 * 2 ** 30 ? 2 : 0 })}Gi`
}

export function amountsText({ cpu = 0, memory = 0 }: Amounts): string {
  return `${processors(cpu)} cpu, ${bytes(memory)}`
}

export function costText({ amounts, perMonth }: Cost, prices: Prices): string {
  return `${amountsText(amounts)}, ${money(perMonth, prices)} a month`
}

export function pricesText(prices: Prices): string {
  const [cpu, memory] = [monthly({ cpu: 1 }, prices), monthly({ memory: 2 ** 30 }, prices)]
  return `${money(cpu, prices)} for a processor and ${money(memory, prices)} for a GiB a month; ${prices.source}`
}

/** `saves $12.00 a month`, `costs $3.16 more a month`, `costs the same`. */
export function savedText(perMonth: number, prices: Prices): string {
  if (Math.abs(perMonth) < 0.005) return 'costs the same'
  const amount = money(Math.abs(perMonth), prices)
  return perMonth > 0 ? `saves ${amount} a month` : `costs ${amount} more a month`
}

/** `1 pod`, `1,234 pods`. */
export function count(number: number, one: string, more = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : more}`
}
