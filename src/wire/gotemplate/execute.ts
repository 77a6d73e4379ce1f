import { type Effort, Evaluation, type Execution, type Shared } from './evaluate.ts'
import { printed } from './fmt/print.ts'
import {
  type ActionNode,
  type IfNode,
  type ListNode,
  type Node,
  type RangeNode,
  type TemplateNode,
  textOf,
} from './node.ts'
import type { Tree } from './parse.ts'
import { TemplateProblem } from './problem.ts'
import { quote } from './quote.ts'
import { GoFunction, GoUint, isTrue, kindOf, sortedEntries, typeNameOf, type Value } from './value.ts'

/** Go's own limit is 100,000, which our stack does not have. */
const MAX_TEMPLATE_DEPTH = 200

/** Thrown by what ends an iteration, and caught by it. */
const BREAK = Symbol('break')
const CONTINUE = Symbol('continue')

/** Executes one template of a set on a value, on top of the effort that has been made. Throws a TemplateProblem. */
export function executeTemplate(execution: Execution, tree: Tree, data: Value, effort: Effort): string {
  const shared: Shared = { execution, effort, output: [], outputLength: 0 }
  try {
    new Walk(shared, tree, data).run(data)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new TemplateProblem(`template: ${tree.name}: nested too deep`, {
      template: tree.name,
      line: 1,
      column: 1,
      cause: error,
    })
  }
  return shared.output.join('')
}

/** One template on its way through its nodes. */
class Walk {
  readonly #shared: Shared
  readonly #tree: Tree
  readonly #evaluation: Evaluation

  constructor(shared: Shared, tree: Tree, data: Value) {
    this.#shared = shared
    this.#tree = tree
    this.#evaluation = new Evaluation(shared, tree, data)
  }

  run(data: Value): void {
    const { effort } = this.#shared
    this.#checkDepth()
    effort.depth++
    try {
      this.#walkList(data, this.#tree.root)
    } finally {
      effort.depth--
    }
  }

  #checkDepth(): void {
    if (this.#shared.effort.depth < MAX_TEMPLATE_DEPTH) return
    this.#evaluation.fail(
      `exceeded maximum template depth (${MAX_TEMPLATE_DEPTH}); does it call itself for ever?`,
    )
  }

  #write(text: string): void {
    this.#shared.outputLength += text.length
    if (this.#shared.outputLength > this.#shared.execution.maxOutput)
      this.#evaluation.fail(`makes more than ${this.#shared.execution.maxOutput} characters`)
    this.#shared.output.push(text)
  }

  #walkList(dot: Value, list: ListNode): void {
    this.#evaluation.at(list)
    for (const node of list.nodes) this.#walk(dot, node)
  }

  #walk(dot: Value, node: Node): void {
    this.#evaluation.step()
    this.#evaluation.at(node)
    switch (node.kind) {
      case 'text':
        this.#write(node.text)
        return
      case 'action':
        this.#walkAction(dot, node)
        return
      case 'if':
      case 'with':
        this.#walkIf(dot, node)
        return
      case 'range':
        this.#walkRange(dot, node)
        return
      case 'template':
        this.#walkTemplate(dot, node)
        return
      case 'break':
        throw BREAK
      case 'continue':
        throw CONTINUE
    }
  }

  #walkAction(dot: Value, node: ActionNode): void {
    const value = this.#evaluation.pipeline(dot, node.pipe)
    if (node.pipe.declared.length > 0) return
    this.#evaluation.at(node)
    if (value === undefined || value === null) this.#write('<no value>')
    else if (value instanceof GoFunction)
      this.#evaluation.fail(`can't print ${textOf(node)} of type ${typeNameOf(value)}`)
    else this.#write(printed(value))
  }

  #walkIf(dot: Value, node: IfNode): void {
    const mark = this.#evaluation.mark()
    const value = this.#evaluation.pipeline(dot, node.pipe)
    if (isTrue(value)) this.#walkList(node.kind === 'with' ? value : dot, node.list)
    else if (node.elseList !== undefined) this.#walkList(dot, node.elseList)
    this.#evaluation.release(mark)
  }

  #walkRange(dot: Value, node: RangeNode): void {
    const outer = this.#evaluation.mark()
    const value = this.#evaluation.pipeline(dot, node.pipe)
    try {
      const isEmpty = !this.#iterate(value, node)
      if (isEmpty && node.elseList !== undefined) this.#walkList(dot, node.elseList)
    } catch (error) {
      if (error !== BREAK) throw error
    } finally {
      this.#evaluation.release(outer)
    }
  }

  /** False when there was nothing to iterate over. */
  #iterate(value: Value, node: RangeNode): boolean {
    switch (kindOf(value)) {
      case 'int':
      case 'uint': {
        if (node.pipe.declared.length > 1)
          this.#evaluation.fail(
            `can't use a value of type ${typeNameOf(value)} to iterate over more than one variable`,
          )
        const end = value instanceof GoUint ? value.value : (value as bigint)
        for (let at = 0n; at < end; at++)
          this.#iteration(node, undefined, value instanceof GoUint ? new GoUint(at) : at)
        return end > 0n
      }
      case 'slice': {
        const items = value as readonly Value[] | Uint8Array
        for (let at = 0; at < items.length; at++) {
          const item = items[at]
          this.#iteration(
            node,
            BigInt(at),
            items instanceof Uint8Array ? new GoUint(BigInt(item as number)) : item,
          )
        }
        return items.length > 0
      }
      case 'map': {
        const entries = sortedEntries(value as ReadonlyMap<Value, Value>)
        for (const [key, item] of entries) this.#iteration(node, key, item)
        return entries.length > 0
      }
      case 'invalid':
      case 'nil':
        return false
      default:
        return this.#evaluation.fail(`range can't iterate over a value of type ${typeNameOf(value)}`)
    }
  }

  #iteration(node: RangeNode, index: Value, item: Value): void {
    this.#evaluation.step()
    const { declared, isAssign } = node.pipe
    const mark = this.#evaluation.mark()
    const [first, second] = declared
    if (first !== undefined) {
      if (isAssign) this.#evaluation.assign(first, second === undefined ? item : index)
      else this.#evaluation.setLast(1, item)
    }
    if (second !== undefined) {
      if (isAssign) this.#evaluation.assign(second, item)
      else this.#evaluation.setLast(2, index)
    }
    try {
      this.#walkList(item, node.list)
    } catch (error) {
      if (error !== CONTINUE) throw error
    } finally {
      this.#evaluation.release(mark)
    }
  }

  #walkTemplate(dot: Value, node: TemplateNode): void {
    const tree = this.#shared.execution.trees.get(node.name)
    if (tree === undefined) this.#evaluation.fail(`template ${quote(node.name)} not defined`)
    this.#checkDepth()
    const data = node.pipe === undefined ? undefined : this.#evaluation.pipeline(dot, node.pipe)
    new Walk(this.#shared, tree, data).run(data)
  }
}
