import { BUILTINS } from './builtins.ts'
import {
  type CommandNode,
  type ListNode,
  type Node,
  type NumberNode,
  type Operand,
  type PipeNode,
  textOf,
  type VariableNode,
} from './node.ts'
import type { Tree, TreeSet } from './parse.ts'
import { placeIn, TemplateProblem } from './problem.ts'
import { quote } from './quote.ts'
import {
  GoFunction,
  GoStruct,
  GoUint,
  isTrue,
  kindOf,
  type ParameterKind,
  StringMap,
  stringIn,
  typeNameOf,
  type Value,
} from './value.ts'

export type MissingKey = 'default' | 'zero' | 'error'

export interface Execution {
  readonly trees: TreeSet
  readonly functions: (name: string) => GoFunction | undefined
  readonly missingKey: MissingKey
  /** In characters. */
  readonly maxOutput: number
  /** Nodes that are walked at most: a template that loops ends. */
  readonly maxSteps: number
}

/** No argument from the pipeline. */
const NONE = Symbol('none')
type Final = Value | typeof NONE

/** What has been done by an execution and by those that its functions have begun within it. */
export interface Effort {
  steps: number
  /** How many templates have called each other. */
  depth: number
}

/** What all templates of one execution share. */
export interface Shared {
  readonly execution: Execution
  readonly effort: Effort
  readonly output: string[]
  outputLength: number
}

interface Variable {
  readonly name: string
  value: Value
}

/** Evaluates the pipelines of one template, with the variables that are known where they stand. */
export class Evaluation {
  readonly #shared: Shared
  readonly #tree: Tree
  readonly #variables: Variable[]
  /** For messages. */
  #node: Node | ListNode | PipeNode | CommandNode | Operand | undefined

  constructor(shared: Shared, tree: Tree, data: Value) {
    this.#shared = shared
    this.#tree = tree
    this.#variables = [{ name: '$', value: data }]
  }

  /** What messages name from here on. */
  at(node: Node | ListNode): void {
    this.#node = node
  }

  /** How many variables are known; `release` forgets those that came after. */
  mark(): number {
    return this.#variables.length
  }

  release(mark: number): void {
    this.#variables.length = mark
  }

  /** Of the variable that came as the n-th last. */
  setLast(n: number, value: Value): void {
    this.#variables[this.#variables.length - n]!.value = value
  }

  // Failing

  fail(message: string, cause?: unknown): never {
    const { name, parseName, text } = this.#tree
    if (this.#node === undefined)
      throw new TemplateProblem(`template: ${name}: ${message}`, {
        template: parseName,
        line: 1,
        column: 1,
        cause,
      })
    const { position } = this.#node
    const place = placeIn(text, position)
    const start = position - (place.column - 1)
    const bytes = new TextEncoder().encode(text.slice(start, position)).length
    throw new TemplateProblem(
      `template: ${parseName}:${place.line}:${bytes}: executing ${quote(name)} at <${textOf(this.#node)}>: ${message}`,
      { template: parseName, ...place, cause },
    )
  }

  step(): void {
    if (++this.#shared.effort.steps > this.#shared.execution.maxSteps)
      this.fail(`takes more than ${this.#shared.execution.maxSteps} steps; does it loop?`)
  }

  // Variables

  #find(name: string): Variable {
    for (let at = this.#variables.length - 1; at >= 0; at--) {
      const variable = this.#variables[at]!
      if (variable.name === name) return variable
    }
    return this.fail(`undefined variable: ${name}`)
  }

  assign(variable: VariableNode, value: Value): void {
    this.#find(variable.names[0]!).value = value
  }

  // Evaluating

  pipeline(dot: Value, pipe: PipeNode): Value {
    this.#node = pipe
    let value: Final = NONE
    for (const command of pipe.commands) {
      const next: Value = this.#command(dot, command, value)
      // An interface that holds nothing is no value at all from here on.
      value = next === null ? undefined : next
    }
    const result = value === NONE ? undefined : value
    for (const variable of pipe.declared) {
      if (pipe.isAssign) this.assign(variable, result)
      else this.#variables.push({ name: variable.names[0]!, value: result })
    }
    return result
  }

  #command(dot: Value, command: CommandNode, final: Final): Value {
    this.step()
    const { args } = command
    const first = args[0]!
    switch (first.kind) {
      case 'field':
        this.#node = first
        return this.#chain(dot, dot, first, first.names, args, final)
      case 'chain':
        return this.#chainNode(dot, first, args, final)
      case 'identifier':
        return this.#function(dot, first, command, args, final)
      case 'pipe':
        this.#notAFunction(args, final)
        return this.pipeline(dot, first)
      case 'variable':
        return this.#variable(dot, first, args, final)
    }
    this.#node = first
    this.#notAFunction(args, final)
    switch (first.kind) {
      case 'bool':
      case 'string':
        return first.value
      case 'dot':
        return dot
      case 'nil':
        return this.fail('nil is not a command')
      case 'number':
        return this.#constant(first)
    }
  }

  #notAFunction(args: readonly Operand[], final: Final): void {
    if (args.length > 1 || final !== NONE)
      this.fail(`can't give argument to non-function ${textOf(args[0]!)}`)
  }

  #constant(node: NumberNode): Value {
    this.#node = node
    if (node.complex !== undefined) return node.complex
    const isHex = /^0[xX]/.test(node.text) && !/[pP]/.test(node.text)
    if (node.float !== undefined && !isHex && !node.text.startsWith("'") && /[.eEpP]/.test(node.text))
      return node.float
    if (node.int !== undefined) return node.int
    return this.fail(`${node.text} overflows int`)
  }

  #chainNode(dot: Value, node: Operand & { kind: 'chain' }, args: readonly Operand[], final: Final): Value {
    this.#node = node
    if (node.node.kind === 'nil') return this.fail(`indirection through explicit nil in ${textOf(node)}`)
    const value = this.#receiver(dot, node.node)
    return this.#chain(dot, value, node, node.names, args, final)
  }

  /** What a chain of fields begins with: what is no value stays that. */
  #receiver(dot: Value, node: Operand): Value {
    this.#node = node
    switch (node.kind) {
      case 'pipe':
        return this.pipeline(dot, node)
      case 'identifier':
        return this.#function(dot, node, node, [node], NONE)
      default:
        return this.#argument(dot, node, 'any')
    }
  }

  #variable(dot: Value, node: VariableNode, args: readonly Operand[], final: Final): Value {
    this.#node = node
    const { value } = this.#find(node.names[0]!)
    if (node.names.length > 1) return this.#chain(dot, value, node, node.names.slice(1), args, final)
    this.#notAFunction(args, final)
    return value
  }

  #chain(
    dot: Value,
    receiver: Value,
    node: Operand,
    names: readonly string[],
    args: readonly Operand[],
    final: Final,
  ): Value {
    let value = receiver
    for (const name of names.slice(0, -1)) value = this.#field(dot, value, name, node, [], NONE)
    return this.#field(dot, value, names.at(-1)!, node, args, final)
  }

  #field(
    dot: Value,
    receiver: Value,
    name: string,
    node: Operand,
    args: readonly Operand[],
    final: Final,
  ): Value {
    const { missingKey } = this.#shared.execution
    if (receiver === undefined) {
      if (missingKey === 'error') this.fail(`nil data; no entry for key ${quote(name)}`)
      return undefined
    }
    if (receiver === null) return this.fail(`nil pointer evaluating interface {}.${name}`)
    const hasArguments = args.length > 1 || final !== NONE
    if (receiver instanceof GoStruct) {
      const method = receiver.methods.get(name)
      if (method !== undefined) return this.#call(dot, method, node, name, args, final)
      if (receiver.fields.has(name)) {
        if (hasArguments) this.fail(`${name} has arguments but cannot be invoked as function`)
        return receiver.fields.get(name)
      }
    } else if (receiver instanceof Map) {
      if (hasArguments) this.fail(`${name} is not a method but has arguments`)
      const value = (receiver as ReadonlyMap<Value, Value>).get(name)
      if (value !== undefined || receiver.has(name)) return value
      if (missingKey === 'error') this.fail(`map has no entry for key ${quote(name)}`)
      if (missingKey !== 'zero') return undefined
      return receiver instanceof StringMap ? '' : null
    }
    return this.fail(`can't evaluate field ${name} in type ${typeNameOf(receiver)}`)
  }

  /** `whole`: what messages about the call name. */
  #function(
    dot: Value,
    node: Operand & { kind: 'identifier' },
    whole: CommandNode | Operand,
    args: readonly Operand[],
    final: Final,
  ): Value {
    this.#node = node
    const callee = this.#shared.execution.functions(node.name) ?? BUILTINS.get(node.name)
    if (callee === undefined) return this.fail(`${quote(node.name)} is not a defined function`)
    if (callee === AND || callee === OR) return this.#shortCircuit(dot, callee, args, final)
    return this.#call(dot, callee, whole, node.name, args, final)
  }

  /** The first argument that decides is the value; those behind it are not looked at. */
  #shortCircuit(dot: Value, callee: GoFunction, args: readonly Operand[], final: Final): Value {
    if (args.length === 1 && final === NONE)
      this.fail(`wrong number of args for ${callee.name}: want at least 1 got 0`)
    let value: Value
    for (const arg of args.slice(1)) {
      value = this.#argument(dot, arg, 'any')
      if (isTrue(value) === (callee === OR)) return value
    }
    return final === NONE ? value : final
  }

  #call(
    dot: Value,
    callee: GoFunction,
    node: CommandNode | Operand,
    name: string,
    args: readonly Operand[],
    final: Final,
  ): Value {
    const given = args.slice(1)
    const count = given.length + (final === NONE ? 0 : 1)
    if (count < callee.least && callee.most > callee.least)
      this.fail(`wrong number of args for ${name}: want at least ${callee.least} got ${given.length}`)
    if (count < callee.least || count > callee.most)
      this.fail(`wrong number of args for ${name}: want ${callee.least} got ${count}`)
    const values = given.map((arg, index) => this.#argument(dot, arg, callee.parameter(index)))
    if (final !== NONE) values.push(this.#checked(final, callee.parameter(given.length)))
    try {
      if (callee === CALL && values[0] !== null && !(values[0] instanceof GoFunction))
        throw new Error(`non-function ${calleeText(given[0], values[0])} of type ${typeNameOf(values[0])}`)
      return this.#bounded(callee.call(values))
    } catch (error) {
      if (error instanceof RangeError && /call stack/.test(error.message)) throw error
      this.#node = node
      return this.fail(
        `error calling ${name}: ${error instanceof Error ? error.message : String(error)}`,
        error,
      )
    }
  }

  /** Texts that grow in a loop end before the memory does. */
  #bounded(value: Value): Value {
    const { maxOutput } = this.#shared.execution
    if (typeof value === 'string' && value.length > maxOutput)
      throw new Error(`makes more than ${maxOutput} characters`)
    return value
  }

  #argument(dot: Value, node: Operand, wanted: ParameterKind): Value {
    this.#node = node
    switch (node.kind) {
      case 'dot':
        return this.#checked(dot, wanted)
      case 'nil':
        if (wanted === 'any') return null
        return this.fail(`cannot assign nil to ${wanted}`)
      case 'field':
        return this.#checked(this.#chain(dot, dot, node, node.names, [node], NONE), wanted)
      case 'variable':
        return this.#checked(this.#variable(dot, node, [node], NONE), wanted)
      case 'pipe':
        return this.#checked(this.pipeline(dot, node), wanted)
      case 'identifier':
        return this.#checked(this.#function(dot, node, node, [node], NONE), wanted)
      case 'chain':
        return this.#checked(this.#chainNode(dot, node, [node], NONE), wanted)
    }
    return this.#literal(node, wanted)
  }

  #literal(node: Operand & { kind: 'bool' | 'string' | 'number' }, wanted: ParameterKind): Value {
    switch (wanted) {
      case 'any':
        return node.kind === 'number' ? this.#constant(node) : node.value
      case 'bool':
        return node.kind === 'bool' ? node.value : this.fail(`expected bool; found ${textOf(node)}`)
      case 'string':
        return node.kind === 'string' ? node.value : this.fail(`expected string; found ${textOf(node)}`)
      case 'int':
        if (node.kind === 'number' && node.int !== undefined) return node.int
        return this.fail(`expected integer; found ${textOf(node)}`)
      case 'uint':
        if (node.kind === 'number' && node.uint !== undefined) return new GoUint(node.uint)
        return this.fail(`expected unsigned integer; found ${textOf(node)}`)
      case 'float64':
        if (node.kind === 'number' && node.float !== undefined) return node.float
        return this.fail(`expected float; found ${textOf(node)}`)
    }
  }

  /** A value as the argument that is wanted. */
  #checked(value: Value, wanted: ParameterKind): Value {
    if (wanted === 'any') return value === undefined ? null : value
    if (value === undefined) return this.fail(`invalid value; expected ${wanted}`)
    if (value === null) return this.fail(`wrong type for value; expected ${wanted}; got interface {}`)
    if (kindOf(value) !== wanted || typeNameOf(value) !== wanted)
      return this.fail(`wrong type for value; expected ${wanted}; got ${typeNameOf(value)}`)
    return wanted === 'string' ? stringIn(value) : value
  }
}

/** As Go names a value that comes from the pipeline, but for texts, which may be secret. */
function calleeText(node: Operand | undefined, value: Value): string {
  return node === undefined ? `<${typeNameOf(value)} Value>` : textOf(node)
}

const AND = BUILTINS.get('and')!
const OR = BUILTINS.get('or')!
const CALL = BUILTINS.get('call')!
