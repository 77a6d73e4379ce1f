/** A float as strconv.FormatFloat writes it. `precision` -1: as many digits as tell it apart from all others. */
export function formatFloat(value: number, verb: string, precision: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  return sign + unsigned(Math.abs(value), verb, precision)
}

function unsigned(value: number, verb: string, precision: number): string {
  switch (verb) {
    case 'e':
    case 'E':
      return exponential(value, precision, verb)
    case 'f':
    case 'F':
      return fixed(value, precision)
    case 'x':
    case 'X':
      return hexadecimal(value, precision, verb)
    case 'b':
      return binary(value)
    default:
      return general(value, precision, verb)
  }
}

function fixed(value: number, precision: number): string {
  if (precision >= 0) return exactFixed(value, precision)
  const { digits, exponent } = shortest(value)
  const point = exponent + 1
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`.replace(/^0\.$/, '0')
  if (digits.length <= point) return digits + '0'.repeat(point - digits.length)
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}

/** Halves go to the even digit, where Number.prototype.toFixed would go up. */
function exactFixed(value: number, precision: number): string {
  const [whole, fraction] = exactDecimal(value)
  if (fraction.length <= precision)
    return precision === 0 ? whole : `${whole}.${fraction}${'0'.repeat(precision - fraction.length)}`
  const text = rounded(whole + fraction, whole.length + precision).padStart(precision + 1, '0')
  return precision === 0 ? text : `${text.slice(0, -precision)}.${text.slice(-precision)}`
}

/** The first digits of a text of digits, as a number that is rounded to even. It may be a digit longer. */
function rounded(digits: string, count: number): string {
  const kept = BigInt(digits.slice(0, count) || '0')
  const rest = digits.slice(count)
  const half = `5${'0'.repeat(Math.max(0, rest.length - 1))}`
  const isUp = rest > half || (rest === half && kept % 2n === 1n)
  return String(kept + (isUp ? 1n : 0n))
}

/** The decimal that a float is, digit for digit. */
function exactDecimal(value: number): [string, string] {
  const { mantissa, exponent } = parts(value)
  if (exponent >= 0) return [String(mantissa << BigInt(exponent)), '']
  const scaled = String(mantissa * 5n ** BigInt(-exponent)).padStart(-exponent + 1, '0')
  return [scaled.slice(0, exponent), scaled.slice(exponent).replace(/0+$/, '')]
}

function exponential(value: number, precision: number, verb: string): string {
  const text = precision < 0 ? value.toExponential() : roundedExponential(value, precision)
  const [mantissa, exponent] = text.split('e')
  return `${mantissa}${verb}${exponentText(Number(exponent))}`
}

function roundedExponential(value: number, precision: number): string {
  if (value === 0) return `0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}e0`
  const [whole, fraction] = exactDecimal(value)
  const all = whole + fraction
  const zeros = /^0*/.exec(all)![0].length
  const digits = all.slice(zeros)
  const longer = rounded(digits.padEnd(precision + 1, '0'), precision + 1)
  // 9.99 has become 10.0.
  const isCarried = longer.length > precision + 1
  const shown = isCarried ? longer.slice(0, -1) : longer
  const exponent = whole.length - zeros - 1 + (isCarried ? 1 : 0)
  return `${shown[0]}${precision > 0 ? `.${shown.slice(1)}` : ''}e${exponent}`
}

function exponentText(exponent: number): string {
  return `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

/** %e for large and small exponents, else %f. */
function general(value: number, precision: number, verb: string): string {
  const upper = verb === 'G'
  if (value === 0) return '0'
  if (precision < 0) {
    const { digits, exponent } = shortest(value)
    if (exponent < -4 || exponent >= 6) return exponential(value, digits.length - 1, upper ? 'E' : 'e')
    return fixed(value, -1)
  }
  const wanted = precision === 0 ? 1 : precision
  const [mantissa, exponentPart] = roundedExponential(value, wanted - 1).split('e')
  const digits = mantissa!.replace('.', '').replace(/0+$/, '') || '0'
  const exponent = Number(exponentPart)
  const limit = wanted > digits.length && digits.length >= exponent + 1 ? digits.length : wanted
  if (exponent < -4 || exponent >= limit) {
    const shown = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
    return `${shown}${upper ? 'E' : 'e'}${exponentText(exponent)}`
  }
  const point = exponent + 1
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  if (digits.length <= point) return digits + '0'.repeat(point - digits.length)
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}

function shortest(value: number): { readonly digits: string; readonly exponent: number } {
  const [mantissa, exponent] = value.toExponential().split('e')
  return { digits: mantissa!.replace('.', ''), exponent: Number(exponent) }
}

/** The whole number and the power of two that a float is the product of. */
function parts(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}

function binary(value: number): string {
  const { mantissa, exponent } = parts(value)
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`
}

/** -0x1.yyyyyyyyp±dd, with one digit before the point. */
function hexadecimal(value: number, precision: number, verb: string): string {
  let { mantissa, exponent } = parts(value)
  if (mantissa === 0n) exponent = 0
  else {
    while (mantissa >> 52n === 0n) {
      mantissa <<= 1n
      exponent--
    }
    exponent += 52
  }
  let fraction = (mantissa & 0xfffffffffffffn).toString(16).padStart(13, '0')
  let whole = mantissa >> 52n
  if (precision >= 0 && precision < 13) {
    const drop = BigInt(4 * (13 - precision))
    const low = mantissa & ((1n << drop) - 1n)
    let kept = mantissa >> drop
    const half = 1n << (drop - 1n)
    if (low > half || (low === half && kept % 2n === 1n)) kept++
    whole = kept >> BigInt(4 * precision)
    fraction =
      precision === 0
        ? ''
        : (kept & ((1n << BigInt(4 * precision)) - 1n)).toString(16).padStart(precision, '0')
    if (whole === 2n) {
      whole = 1n
      exponent++
    }
  } else fraction = precision < 0 ? fraction.replace(/0+$/, '') : fraction.padEnd(precision, '0')
  const text = `0x${whole}${fraction === '' ? '' : `.${fraction}`}p${exponentText(exponent)}`
  return verb === 'X' ? text.toUpperCase() : text
}
