import { isTree, type Tree } from '../tree.ts'

/**
 * The part of CEL that match conditions of ours need: literals, members, indexes, operators, the ternary, `in`,
 * has(), size(), startsWith, endsWith, contains, matches, and the macros exists, all, exists_one, filter, map.
 * What it does not know it refuses when it is compiled, as an API server does with what does not type-check.
 */
export function compileCel(text: string): (variables: Tree) => unknown {
  const parser = new Parser(tokens(text))
  const evaluate = parser.expression()
  parser.expect('')
  return variables => evaluate(variables)
}

/** Evaluation has failed: a condition neither holds nor does not hold. */
export class CelError extends Error {}

type Evaluate = (scope: Tree) => unknown

const VARIABLES = new Set([
  'object',
  'oldObject',
  'request',
  'namespaceObject',
  'params',
  'authorizer',
  'variables',
])
const MACROS = new Set(['exists', 'all', 'exists_one', 'filter', 'map'])
const TOKEN =
  /\s*(?:(\d+\.\d+|\d+)|[rR]'([^']*)'|([A-Za-z_]\w*)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(&&|\|\||[=!<>]=|[-+*/%!<>?:.,()[\]{}]))/y

interface Token {
  readonly kind: 'number' | 'name' | 'string' | 'mark' | 'end'
  readonly text: string
}

function tokens(text: string): Token[] {
  const found: Token[] = []
  const source = text.trim()
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const from = TOKEN.lastIndex
    const match = TOKEN.exec(source)
    if (match === null)
      throw new SyntaxError(`Syntax error: token recognition error at: '${source.slice(from, from + 10)}'`)
    const [, number, raw, name, double, single, mark] = match
    if (number !== undefined) found.push({ kind: 'number', text: number })
    else if (raw !== undefined) found.push({ kind: 'string', text: raw })
    else if (name !== undefined) found.push({ kind: 'name', text: name })
    else if (mark !== undefined) found.push({ kind: 'mark', text: mark })
    else
      found.push({
        kind: 'string',
        text: (double ?? single ?? '').replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c)),
      })
  }
  found.push({ kind: 'end', text: '' })
  return found
}

class Parser {
  readonly #tokens: Token[]
  readonly #bound: string[] = []
  #at = 0

  constructor(list: Token[]) {
    this.#tokens = list
  }

  expression(): Evaluate {
    const condition = this.#or()
    if (!this.#take('?')) return condition
    const yes = this.#or()
    this.expect(':')
    const no = this.expression()
    return scope => (bool(condition(scope)) ? yes(scope) : no(scope))
  }

  expect(text: string): void {
    const token = this.#tokens[this.#at]!
    if (token.text !== text || token.kind === 'string')
      throw new SyntaxError(`Syntax error: unexpected '${token.text}', expecting '${text}'`)
    this.#at++
  }

  #take(...texts: string[]): string | undefined {
    const token = this.#tokens[this.#at]!
    if (token.kind === 'string' || !texts.includes(token.text)) return undefined
    this.#at++
    return token.text
  }

  /** Either side decides, also when the other one fails. */
  #or(): Evaluate {
    let left = this.#and()
    while (this.#take('||')) left = either(left, this.#and(), true)
    return left
  }

  #and(): Evaluate {
    let left = this.#relation()
    while (this.#take('&&')) left = either(left, this.#relation(), false)
    return left
  }

  #relation(): Evaluate {
    const left = this.#sum()
    const operator = this.#take('==', '!=', '<', '<=', '>', '>=', 'in')
    if (operator === undefined) return left
    const right = this.#sum()
    return scope => compare(operator, left(scope), right(scope))
  }

  #sum(): Evaluate {
    let left = this.#unary()
    for (let operator = this.#take('+', '-'); operator; operator = this.#take('+', '-')) {
      const [a, b, sign] = [left, this.#unary(), operator]
      left = scope => add(a(scope), b(scope), sign)
    }
    return left
  }

  #unary(): Evaluate {
    if (this.#take('!')) {
      const inner = this.#unary()
      return scope => !bool(inner(scope))
    }
    return this.#members()
  }

  #members(): Evaluate {
    let value = this.#primary()
    for (;;) {
      if (this.#take('.')) value = this.#member(value)
      else if (this.#take('[')) {
        const [of, index] = [value, this.expression()]
        this.expect(']')
        value = scope => element(of(scope), index(scope))
      } else return value
    }
  }

  #member(of: Evaluate): Evaluate {
    const { kind, text: name } = this.#tokens[this.#at++]!
    if (kind !== 'name') throw new SyntaxError(`Syntax error: '${name}' is no field`)
    if (!this.#take('(')) return scope => element(of(scope), name)
    if (MACROS.has(name)) return this.#macro(name, of)
    const parameters: Evaluate[] = []
    while (!this.#take(')')) {
      parameters.push(this.expression())
      this.#take(',')
    }
    const method = METHODS[name]
    if (method === undefined || parameters.length !== method.length - 1)
      throw new SyntaxError(`undeclared reference to '${name}' (in container '')`)
    return scope => method(of(scope), ...(parameters.map(each => each(scope)) as [never]))
  }

  #macro(macro: string, of: Evaluate): Evaluate {
    const variable = this.#tokens[this.#at++]!.text
    this.expect(',')
    this.#bound.push(variable)
    const body = this.expression()
    this.#bound.pop()
    this.expect(')')
    return scope => {
      const items = itemsOf(of(scope))
      const each = (item: unknown) => body({ ...scope, [variable]: item })
      if (macro === 'filter') return items.filter(item => bool(each(item)))
      if (macro === 'map') return items.map(each)
      if (macro === 'exists_one') return items.filter(item => bool(each(item))).length === 1
      const decisive = macro === 'exists'
      let failure: unknown
      for (const item of items) {
        try {
          if (bool(each(item)) === decisive) return decisive
        } catch (error) {
          failure = error
        }
      }
      if (failure !== undefined) throw failure
      return !decisive
    }
  }

  #primary(): Evaluate {
    const { kind, text } = this.#tokens[this.#at++]!
    if (kind === 'string') return () => text
    if (kind === 'number') return () => Number(text)
    if (text === 'true' || text === 'false') return () => text === 'true'
    if (text === 'null') return () => null
    if (text === '(') {
      const inner = this.expression()
      this.expect(')')
      return inner
    }
    if (text === '[') {
      const items: Evaluate[] = []
      while (!this.#take(']')) {
        items.push(this.expression())
        this.#take(',')
      }
      return scope => items.map(item => item(scope))
    }
    if (kind === 'name' && this.#take('(')) return this.#call(text)
    if (kind !== 'name') throw new SyntaxError(`Syntax error: mismatched input '${text}'`)
    if (!VARIABLES.has(text) && !this.#bound.includes(text))
      throw new SyntaxError(`undeclared reference to '${text}' (in container '')`)
    return scope => scope[text]
  }

  #call(name: string): Evaluate {
    const start = this.#at
    const parameter = this.expression()
    const end = this.#at
    this.expect(')')
    if (name === 'size') return scope => sizeOf(parameter(scope))
    if (name === 'string') return scope => String(parameter(scope))
    if (name !== 'has') throw new SyntaxError(`undeclared reference to '${name}' (in container '')`)
    const field = this.#tokens[end - 1]!
    if (end - start < 3 || field.kind !== 'name' || this.#tokens[end - 2]!.text !== '.')
      throw new SyntaxError('invalid argument to has() macro')
    const parent = new Parser([...this.#tokens.slice(start, end - 2), { kind: 'end', text: '' }])
    parent.#bound.push(...this.#bound)
    const of = parent.expression()
    return scope => {
      const value = of(scope)
      if (!isTree(value)) throw new CelError(`no such key: ${field.text}`)
      return Object.hasOwn(value, field.text) && value[field.text] !== undefined
    }
  }
}

const METHODS: Readonly<Record<string, (value: unknown, parameter: never) => unknown>> = {
  startsWith: (value, prefix: string) => string(value).startsWith(prefix),
  endsWith: (value, suffix: string) => string(value).endsWith(suffix),
  contains: (value, part: string) => string(value).includes(part),
  matches: (value, pattern: string) => new RegExp(pattern, 'u').test(string(value)),
  size: ((value: unknown) => sizeOf(value)) as never,
}

function either(left: Evaluate, right: Evaluate, decisive: boolean): Evaluate {
  return scope => {
    let failure: unknown
    for (const side of [left, right]) {
      try {
        if (bool(side(scope)) === decisive) return decisive
      } catch (error) {
        failure = error
      }
    }
    if (failure !== undefined) throw failure
    return !decisive
  }
}

function bool(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new CelError('no such overload')
  return value
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new CelError('no such overload')
  return value
}

function element(of: unknown, key: unknown): unknown {
  if (Array.isArray(of) && typeof key === 'number') {
    if (key >= of.length) throw new CelError(`index out of bounds: ${key}`)
    return of[key]
  }
  if (!isTree(of) || !Object.hasOwn(of, String(key)) || of[String(key)] === undefined)
    throw new CelError(`no such key: ${String(key)}`)
  return of[String(key)]
}

function itemsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  if (isTree(value)) return Object.keys(value)
  throw new CelError('no such overload')
}

function sizeOf(value: unknown): number {
  return typeof value === 'string' ? [...value].length : itemsOf(value).length
}

function add(a: unknown, b: unknown, sign: string): unknown {
  if (sign === '+' && typeof a === 'string' && typeof b === 'string') return a + b
  if (sign === '+' && Array.isArray(a) && Array.isArray(b)) return [...a, ...b]
  if (typeof a !== 'number' || typeof b !== 'number') throw new CelError('no such overload')
  return sign === '+' ? a + b : a - b
}

function compare(operator: string, a: unknown, b: unknown): boolean {
  if (operator === 'in') return itemsOf(b).includes(a)
  if (operator === '==' || operator === '!=')
    return (JSON.stringify(a ?? null) === JSON.stringify(b ?? null)) === (operator === '==')
  if (typeof a !== typeof b || !['number', 'string'].includes(typeof a))
    throw new CelError('no such overload')
  const [x, y] = [a as number, b as number]
  if (operator === '<') return x < y
  if (operator === '<=') return x <= y
  return operator === '>' ? x > y : x >= y
}
