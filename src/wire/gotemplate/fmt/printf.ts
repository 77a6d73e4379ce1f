import type { Value } from '../value.ts'
import { GoUint, typeNameOf } from '../value.ts'
import { type Flags, noFlags } from './flags.ts'
import { formatValue } from './format-value.ts'
import { printed } from './print.ts'

/** More than this is a mistake, or an attack. */
const MAX_NUMBER = 1_000_000

/** As fmt.Sprintf, with its marks for what does not fit: `%!d(string=hi)`. */
export function sprintf(format: string, given: readonly Value[]): string {
  return new Formatting(format, given).whole()
}

/** One format on its way through its arguments. */
class Formatting {
  readonly #format: string
  readonly #given: readonly Value[]
  #at = 0
  #argument = 0
  #reordered = false
  #goodIndex = true
  #out = ''

  constructor(format: string, given: readonly Value[]) {
    this.#format = format
    this.#given = given
  }

  whole(): string {
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at)
      if (percent < 0) {
        this.#out += this.#format.slice(this.#at)
        break
      }
      this.#out += this.#format.slice(this.#at, percent)
      this.#at = percent + 1
      this.#directive()
    }
    if (!this.#reordered && this.#argument < this.#given.length) this.#extra()
    return this.#out
  }

  #directive(): void {
    this.#goodIndex = true
    const flags = this.#flags()
    const widthIndex = this.#index()
    const afterIndex = this.#width(flags, widthIndex)
    // A point at the very end is a verb.
    const afterPrecision =
      this.#format[this.#at] === '.' && this.#at + 1 < this.#format.length
        ? this.#precision(flags, afterIndex)
        : afterIndex
    if (!afterPrecision) this.#index()
    const code = this.#format.codePointAt(this.#at)
    if (code === undefined) {
      this.#out += '%!(NOVERB)'
      return
    }
    const verb = String.fromCodePoint(code)
    this.#at += verb.length
    if (verb === '%') this.#out += '%'
    else if (!this.#goodIndex) this.#out += `%!${verb}(BADINDEX)`
    else if (this.#argument >= this.#given.length) this.#out += `%!${verb}(MISSING)`
    else this.#out += formatValue(this.#given[this.#argument++], verb, forVerb(flags, verb))
  }

  #flags(): Flags {
    const flags = noFlags()
    for (; this.#at < this.#format.length; this.#at++) {
      const char = this.#format[this.#at]
      if (char === '#') flags.sharp = true
      else if (char === '0') flags.zero = true
      else if (char === '+') flags.plus = true
      else if (char === '-') flags.minus = true
      else if (char === ' ') flags.space = true
      else break
    }
    return flags
  }

  /** `[n]`: the argument to go on with. Whether there was one, be there such an argument or not. */
  #index(): boolean {
    if (this.#format[this.#at] !== '[') return false
    this.#reordered = true
    const end = this.#format.indexOf(']', this.#at)
    if (end < 0 || this.#format.length - this.#at < 3) {
      this.#goodIndex = false
      this.#at++
      return false
    }
    const inside = this.#format.slice(this.#at + 1, end)
    this.#at = end + 1
    const isNumber = /^\d+$/.test(inside) && Number(inside) <= MAX_NUMBER
    const index = Number(inside) - 1
    if (isNumber && index >= 0 && index < this.#given.length) this.#argument = index
    else this.#goodIndex = false
    return isNumber
  }

  /** Whether an index stands right before what follows. */
  #width(flags: Flags, afterIndex: boolean): boolean {
    if (this.#format[this.#at] !== '*') {
      flags.width = this.#digits()
      if (afterIndex && flags.width !== undefined) this.#goodIndex = false
      return afterIndex
    }
    const width = this.#star()
    if (width === undefined) this.#out += '%!(BADWIDTH)'
    else if (width < 0) {
      // To the left, and never with zeros.
      flags.minus = true
      flags.zero = false
    }
    flags.width = width === undefined ? undefined : Math.abs(width)
    return false
  }

  #precision(flags: Flags, afterIndex: boolean): boolean {
    this.#at++
    if (afterIndex) this.#goodIndex = false
    const indexed = this.#index()
    if (this.#format[this.#at] !== '*') {
      flags.precision = this.#digits() ?? 0
      return indexed
    }
    const precision = this.#star()
    if (precision === undefined || precision < 0) this.#out += '%!(BADPREC)'
    else flags.precision = precision
    return false
  }

  /** The next argument, when it is a number that is not too large. */
  #star(): number | undefined {
    this.#at++
    if (this.#argument >= this.#given.length) return undefined
    const value = this.#given[this.#argument++]
    const number =
      typeof value === 'bigint' ? Number(value) : value instanceof GoUint ? Number(value.value) : Number.NaN
    return Math.abs(number) <= MAX_NUMBER ? number : undefined
  }

  #digits(): number | undefined {
    const from = this.#at
    while (/\d/.test(this.#format[this.#at] ?? '')) this.#at++
    if (this.#at === from) return undefined
    const number = Number(this.#format.slice(from, this.#at))
    if (number <= MAX_NUMBER) return number
    // Go reads nothing behind such a number.
    this.#at = this.#format.length
    return undefined
  }

  #extra(): void {
    const extra = this.#given
      .slice(this.#argument)
      .map(value =>
        value === null || value === undefined ? '<nil>' : `${typeNameOf(value)}=${printed(value)}`,
      )
    this.#out += `%!(EXTRA ${extra.join(', ')})`
  }
}

/** `#` and `+` mean other things to %v, and to the %w that is none here. */
function forVerb(flags: Flags, verb: string): Flags {
  if (verb !== 'v' && verb !== 'w') return flags
  return { ...flags, sharpV: flags.sharp, plusV: flags.plus, sharp: false, plus: false }
}
