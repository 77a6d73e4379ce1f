import type { TokenKind } from './lex.ts'
import type { NumberNode } from './node.ts'
import { unquote } from './quote.ts'
import { GoComplex } from './value.ts'

const MAX_INT = 2n ** 63n - 1n
const MIN_INT = -(2n ** 63n)
const MAX_UINT = 2n ** 64n - 1n

/** Reads a constant as all kinds of numbers that it can be. A text says what is wrong with it. */
export function readNumber(text: string, kind: TokenKind, position: number): NumberNode | string {
  const node = { kind: 'number' as const, position, text }
  if (kind === 'charConstant') {
    const char = unquote(text)
    if (char === undefined || char === '') return 'invalid syntax'
    if ([...char].length !== 1) return `malformed character constant: ${text}`
    const code = BigInt(char.codePointAt(0)!)
    return { ...node, int: code, uint: code, float: Number(code) }
  }
  if (kind === 'complex' || text.endsWith('i')) {
    const complex = readComplex(text)
    if (complex === undefined)
      return kind === 'complex'
        ? 'syntax error scanning complex number'
        : `illegal number syntax: ${quoted(text)}`
    if (complex.imaginary !== 0) return { ...node, complex }
    return { ...node, complex, float: complex.real, ...wholeOf(complex.real) }
  }
  const int = readInteger(text)
  const float = readFloat(text)
  const isInt = int !== undefined && int <= MAX_INT && int >= MIN_INT
  const isUint = int !== undefined && int >= 0n && int <= MAX_UINT && !/^[+-]/.test(text)
  if (isInt || isUint)
    return { ...node, ...(isInt && { int }), ...(isUint && { uint: int }), float: Number(int) }
  // As Go has it: what looks like an integer and is none is one that is too large.
  if ((int !== undefined || float !== undefined) && !/[.eEpP]/.test(text))
    return `integer overflow: ${quoted(text)}`
  if (float === undefined) return `illegal number syntax: ${quoted(text)}`
  return { ...node, float, ...wholeOf(float) }
}

/** A float that is whole can stand where an integer is wanted. */
function wholeOf(float: number): { readonly int?: bigint; readonly uint?: bigint } {
  if (!Number.isInteger(float) || Math.abs(float) >= 2 ** 63) return {}
  const whole = BigInt(float)
  return { int: whole, ...(whole >= 0n && { uint: whole }) }
}

/** An imaginary part with its i, and before it perhaps a real one. */
function readComplex(text: string): GoComplex | undefined {
  // Behind an e or a p, a sign is that of an exponent.
  const real = /^.*[^eEpP](?=[+-])/.exec(text)?.[0] ?? ''
  const [first, second] = [real === '' ? '0' : real, text.slice(real.length, -1)].map(readFloat)
  return first === undefined || second === undefined ? undefined : new GoComplex(first, second)
}

/** By strconv.ParseInt with base 0: prefixes 0x, 0o, 0b and 0, underscores between digits. */
export function readInteger(text: string): bigint | undefined {
  const parts =
    /^([+-]?)(?:(0[xX])((?:_?[0-9a-fA-F])+)|(0[bB])((?:_?[01])+)|0[oO]?((?:_?[0-7])+)|(0|[1-9](?:_?[0-9])*))$/.exec(
      text,
    )
  if (parts === null) return undefined
  const [, sign, , hex, , binary, octal, decimal] = parts
  const digits = (hex ?? binary ?? octal ?? decimal)!.replaceAll('_', '')
  const prefix = hex !== undefined ? '0x' : binary !== undefined ? '0b' : octal !== undefined ? '0o' : ''
  const value = BigInt(prefix + digits)
  return sign === '-' ? -value : value
}

/** By strconv.ParseFloat; underscores only where Go allows them in literals. */
export function readFloat(text: string): number | undefined {
  const plain = /^[+-]?0[xX]/.test(text)
    ? text.replaceAll(/(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])/g, '')
    : text.replaceAll(/(?<=\d)_(?=\d)/g, '')
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?\d+)$/.exec(plain)
  if (hex !== null) {
    const [, sign, whole = '', fraction = '', exponent] = hex
    if (whole === '' && fraction === '') return undefined
    const value = Number.parseInt(whole + fraction || '0', 16) * 2 ** (Number(exponent) - 4 * fraction.length)
    if (!Number.isFinite(value)) return undefined
    return sign === '-' ? -value : value
  }
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(plain)) return undefined
  const value = Number(plain)
  return Number.isFinite(value) ? value : undefined
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
