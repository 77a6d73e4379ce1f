import type { Token, TokenKind } from './lex.ts'
import type { CommandNode, ListNode, Node, Operand, PipeNode, VariableNode } from './node.ts'
import { textOf } from './node.ts'
import { readNumber } from './number.ts'
import { placeIn, TemplateProblem } from './problem.ts'
import { quote, unquote } from './quote.ts'
import { TokenStream } from './token-stream.ts'

/** The templates of one text by name: its own, and those that it defines. */
export type TreeSet = Map<string, Tree>

export interface Tree {
  readonly name: string
  /** The name of the text that it stands in, and the text. */
  readonly parseName: string
  readonly text: string
  readonly root: ListNode
}

export interface ParseOptions {
  readonly name: string
  readonly delimiters: readonly [string, string]
  readonly isFunction: (name: string) => boolean
}

const MAX_DEPTH = 1000
const ENDS = Symbol('end')
const ELSE = Symbol('else')
type Closing = { readonly closing: typeof ENDS | typeof ELSE; readonly position: number }

/** Parses a template by the grammar of Go's text/template. Throws a TemplateProblem. */
export function parseTemplate(text: string, options: ParseOptions): TreeSet {
  const trees: TreeSet = new Map()
  new Parser(text, options, trees).parse()
  return trees
}

/** Tokens that an operand of a command can begin with. */
const OPERANDS: ReadonlySet<TokenKind> = new Set([
  'bool',
  'charConstant',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
])

class Parser {
  readonly #text: string
  readonly #options: ParseOptions
  readonly #trees: TreeSet
  readonly #tokens: TokenStream
  #variables = ['$']
  #rangeDepth = 0
  #stackDepth = 0
  #controlDepth = 0
  #actionLine = 0

  constructor(text: string, options: ParseOptions, trees: TreeSet) {
    this.#text = text
    this.#options = options
    this.#trees = trees
    const [left, right] = options.delimiters
    this.#tokens = new TokenStream(text, {
      left,
      right,
      breakOK: !options.isFunction('break'),
      continueOK: !options.isFunction('continue'),
    })
  }

  parse(): void {
    const root: ListNode = { kind: 'list', position: 0, nodes: [] }
    while (this.#tokens.peek().kind !== 'eof') {
      if (this.#tokens.peek().kind === 'leftDelim') {
        const delim = this.#tokens.next()
        const word = this.#tokens.nextNonSpace()
        if (word.kind === 'define') {
          this.#definition()
          continue
        }
        this.#tokens.giveBack(word, delim)
      }
      const node = this.#textOrAction()
      if ('closing' in node) this.#fail(`unexpected ${closingText(node)}`)
      root.nodes.push(node)
    }
    this.#add(this.#options.name, root)
  }

  #expect(kinds: readonly TokenKind[], context: string): Token {
    const token = this.#tokens.nextNonSpace()
    if (!kinds.includes(token.kind)) this.#unexpected(token, context)
    return token
  }

  // Failing

  #fail(message: string, at: Token = this.#tokens.last, line = this.#tokens.last.line): never {
    const parseName = this.#options.name
    const place = placeIn(this.#text, Math.min(at.position, this.#text.length))
    throw new TemplateProblem(`template: ${parseName}:${line}: ${message}`, {
      template: parseName,
      line,
      column: place.line === line ? place.column : 1,
    })
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') this.#fail(`unexpected ${tokenText(token)} in ${context}`, token)
    let extra = ''
    if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
      extra = ` in action started at ${this.#options.name}:${this.#actionLine}`
      if (token.text.endsWith(' action')) extra = extra.slice(' in action'.length)
    }
    this.#fail(token.text + extra, token)
  }

  // Grammar

  #definition(): void {
    const context = 'define clause'
    const name = this.#unquoted(this.#expect(['string', 'rawString'], context))
    this.#expect(['rightDelim'], context)
    const outer = { variables: this.#variables, rangeDepth: this.#rangeDepth }
    this.#variables = ['$']
    this.#rangeDepth = 0
    const [list, end] = this.#itemList()
    if (end.closing !== ENDS) this.#fail(`unexpected ${closingText(end)} in ${context}`)
    this.#variables = outer.variables
    this.#rangeDepth = outer.rangeDepth
    this.#add(name, list)
  }

  /** The first definition that is not empty counts; a second one is an error. */
  #add(name: string, root: ListNode): void {
    const tree = { name, parseName: this.#options.name, text: this.#text, root }
    const known = this.#trees.get(name)
    if (known === undefined || isEmpty(known.root)) this.#trees.set(name, tree)
    else if (!isEmpty(root)) this.#fail(`template: multiple definition of template ${quote(name)}`)
  }

  #itemList(): [ListNode, Closing] {
    const list: ListNode = { kind: 'list', position: this.#tokens.peekNonSpace().position, nodes: [] }
    while (this.#tokens.peekNonSpace().kind !== 'eof') {
      const node = this.#textOrAction()
      if ('closing' in node) return [list, node]
      list.nodes.push(node)
    }
    return this.#fail('unexpected EOF')
  }

  #textOrAction(): Node | Closing {
    const token = this.#tokens.nextNonSpace()
    if (token.kind === 'text') return { kind: 'text', position: token.position, text: token.text }
    if (token.kind !== 'leftDelim') return this.#unexpected(token, 'input')
    this.#actionLine = token.line
    try {
      return this.#action()
    } finally {
      this.#actionLine = 0
    }
  }

  #action(): Node | Closing {
    const token = this.#tokens.nextNonSpace()
    switch (token.kind) {
      case 'block':
        return this.#block()
      case 'break':
      case 'continue':
        return this.#loopControl(token.kind, token.position)
      case 'else':
        return this.#else()
      case 'end':
        return { closing: ENDS, position: this.#expect(['rightDelim'], 'end').position }
      case 'if':
      case 'range':
      case 'with':
        return this.#control(token.kind)
      case 'template':
        return this.#template()
    }
    this.#tokens.giveBack(token)
    const { position } = this.#tokens.peek()
    return { kind: 'action', position, pipe: this.#pipeline('command', 'rightDelim') }
  }

  #loopControl(kind: 'break' | 'continue', position: number): Node {
    const token = this.#tokens.nextNonSpace()
    if (token.kind !== 'rightDelim') this.#unexpected(token, `{{${kind}}}`)
    if (this.#rangeDepth === 0) this.#fail(`{{${kind}}} outside {{range}}`)
    return { kind, position }
  }

  #else(): Closing {
    const token = this.#tokens.peekNonSpace()
    // What follows is the beginning of another control, which stands in the else part.
    if (token.kind === 'if' || token.kind === 'with') return { closing: ELSE, position: token.position }
    return { closing: ELSE, position: this.#expect(['rightDelim'], 'else').position }
  }

  #control(kind: 'if' | 'range' | 'with'): Node {
    // Nested as deep as nobody writes it, this would use up the stack.
    if (++this.#controlDepth > MAX_DEPTH) this.#fail('max control depth exceeded')
    const variables = this.#variables.length
    const pipe = this.#pipeline(kind, 'rightDelim')
    if (kind === 'range') this.#rangeDepth++
    const [list, next] = this.#itemList()
    if (kind === 'range') this.#rangeDepth--
    const elseList = next.closing === ELSE ? this.#elseList(kind, next) : undefined
    this.#variables.length = variables
    this.#controlDepth--
    return { kind, position: pipe.position, pipe, list, elseList }
  }

  #elseList(kind: 'if' | 'range' | 'with', { position }: Closing): ListNode {
    if (kind !== 'range' && this.#tokens.peek().kind === kind) {
      this.#tokens.next()
      return { kind: 'list', position, nodes: [this.#control(kind)] }
    }
    const [list, end] = this.#itemList()
    if (end.closing !== ENDS) this.#fail(`expected end; found ${closingText(end)}`)
    return list
  }

  #block(): Node {
    const context = 'block clause'
    const token = this.#tokens.nextNonSpace()
    const name = this.#templateName(token, context)
    const pipe = this.#pipeline(context, 'rightDelim')
    // By Go's rules what is wrong with its end is told for the line of its beginning.
    const opening = this.#tokens.last
    const outer = { variables: this.#variables, rangeDepth: this.#rangeDepth }
    this.#variables = ['$']
    this.#rangeDepth = 0
    const [list, end] = this.#itemList()
    if (end.closing !== ENDS)
      this.#fail(`unexpected ${closingText(end)} in ${context}`, opening, opening.line)
    this.#variables = outer.variables
    this.#rangeDepth = outer.rangeDepth
    this.#add(name, list)
    return { kind: 'template', position: token.position, name, pipe }
  }

  #template(): Node {
    const context = 'template clause'
    const token = this.#tokens.nextNonSpace()
    const name = this.#templateName(token, context)
    const next = this.#tokens.nextNonSpace()
    if (next.kind === 'rightDelim')
      return { kind: 'template', position: token.position, name, pipe: undefined }
    this.#tokens.giveBack(next)
    return { kind: 'template', position: token.position, name, pipe: this.#pipeline(context, 'rightDelim') }
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== 'string' && token.kind !== 'rawString') this.#unexpected(token, context)
    return this.#unquoted(token)
  }

  #unquoted(token: Token): string {
    const text = unquote(token.text)
    return text === undefined ? this.#fail('invalid syntax', token) : text
  }

  #pipeline(context: string, end: TokenKind): PipeNode {
    const { position } = this.#tokens.peekNonSpace()
    const pipe: PipeNode = { kind: 'pipe', position, isAssign: false, declared: [], commands: [] }
    this.#declarations(pipe, context)
    for (;;) {
      const token = this.#tokens.nextNonSpace()
      if (token.kind === end) {
        this.#checkPipeline(pipe, context)
        return pipe
      }
      if (!OPERANDS.has(token.kind)) this.#unexpected(token, context)
      this.#tokens.giveBack(token)
      pipe.commands.push(this.#command())
    }
  }

  #declarations(pipe: PipeNode, context: string): void {
    for (;;) {
      const variable = this.#tokens.peekNonSpace()
      if (variable.kind !== 'variable') return
      this.#tokens.next()
      const after = this.#tokens.peek()
      const next = this.#tokens.peekNonSpace()
      const declare = () => {
        this.#tokens.nextNonSpace()
        pipe.declared.push({ kind: 'variable', position: variable.position, names: [variable.text] })
        this.#variables.push(variable.text)
      }
      if (next.kind === 'assign' || next.kind === 'declare') {
        pipe.isAssign = next.kind === 'assign'
        declare()
        return
      }
      if (next.kind === 'char' && next.text === ',') {
        declare()
        if (context !== 'range' || pipe.declared.length >= 2)
          this.#fail(`too many declarations in ${context}`)
        const following = this.#tokens.peekNonSpace().kind
        if (following !== 'variable' && following !== 'rightDelim' && following !== 'rightParen')
          this.#fail('range can only initialize variables')
        continue
      }
      // It was an argument; the space behind it, which was passed over, separates it from the next one.
      if (after.kind === 'space') this.#tokens.giveBack(after)
      this.#tokens.giveBack(variable)
      return
    }
  }

  #checkPipeline({ commands }: PipeNode, context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`)
    for (const [index, { args }] of commands.entries()) {
      const first = args[0]!.kind
      if (index > 0 && ['bool', 'dot', 'nil', 'number', 'string'].includes(first))
        this.#fail(`non executable command in pipeline stage ${index + 1}`)
    }
  }

  #command(): CommandNode {
    const command: CommandNode = { kind: 'command', position: this.#tokens.peekNonSpace().position, args: [] }
    for (;;) {
      this.#tokens.peekNonSpace()
      const operand = this.#operand()
      if (operand !== undefined) command.args.push(operand)
      const token = this.#tokens.next()
      if (token.kind === 'space') continue
      if (token.kind === 'rightDelim' || token.kind === 'rightParen') this.#tokens.giveBack(token)
      else if (token.kind !== 'pipe') this.#unexpected(token, 'operand')
      break
    }
    if (command.args.length === 0) this.#fail('empty command')
    return command
  }

  #operand(): Operand | undefined {
    const node = this.#term()
    if (node === undefined || this.#tokens.peek().kind !== 'field') return node
    const { position } = this.#tokens.peek()
    const names: string[] = []
    while (this.#tokens.peek().kind === 'field') names.push(this.#tokens.next().text.slice(1))
    switch (node.kind) {
      case 'field':
        return { kind: 'field', position, names: [...node.names, ...names] }
      case 'variable':
        return { kind: 'variable', position, names: [...node.names, ...names] }
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#fail(`unexpected . after term ${quote(textOf(node))}`)
      default:
        return { kind: 'chain', position, node, names }
    }
  }

  #term(): Operand | undefined {
    const token = this.#tokens.nextNonSpace()
    const { position, text } = token
    switch (token.kind) {
      case 'identifier':
        if (!this.#options.isFunction(text)) this.#fail(`function ${quote(text)} not defined`, token)
        return { kind: 'identifier', position, name: text }
      case 'dot':
        return { kind: 'dot', position }
      case 'nil':
        return { kind: 'nil', position }
      case 'variable':
        return this.#useVariable(token)
      case 'field':
        return { kind: 'field', position, names: [text.slice(1)] }
      case 'bool':
        return { kind: 'bool', position, value: text === 'true' }
      case 'charConstant':
      case 'complex':
      case 'number': {
        const number = readNumber(text, token.kind, position)
        return typeof number === 'string' ? this.#fail(number, token) : number
      }
      case 'leftParen': {
        if (this.#stackDepth >= MAX_DEPTH) this.#fail('max expression depth exceeded', token)
        this.#stackDepth++
        const pipe = this.#pipeline('parenthesized pipeline', 'rightParen')
        this.#stackDepth--
        return pipe
      }
      case 'string':
      case 'rawString':
        return { kind: 'string', position, literal: text, value: this.#unquoted(token) }
    }
    this.#tokens.giveBack(token)
    return undefined
  }

  #useVariable(token: Token): VariableNode {
    if (!this.#variables.includes(token.text)) this.#fail(`undefined variable ${quote(token.text)}`, token)
    return { kind: 'variable', position: token.position, names: [token.text] }
  }
}

function closingText({ closing }: Closing): string {
  return closing === ENDS ? '{{end}}' : '{{else}}'
}

/** A token as messages have it. */
function tokenText({ kind, text }: Token): string {
  if (kind === 'eof') return 'EOF'
  if (kind === 'error') return text
  const word = [
    'block',
    'break',
    'continue',
    'define',
    'else',
    'end',
    'if',
    'nil',
    'range',
    'template',
    'with',
    'dot',
  ]
  if (word.includes(kind)) return `<${text}>`
  const chars = [...text]
  return chars.length > 10 ? `${quote(chars.slice(0, 10).join(''))}...` : quote(text)
}

function isEmpty(list: ListNode): boolean {
  return list.nodes.every(node => node.kind === 'text' && node.text.trim() === '')
}
