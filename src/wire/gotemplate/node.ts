import { quote } from './quote.ts'
import type { GoComplex } from './value.ts'

/** Nodes of a parsed template. `position`: in characters from its beginning. */
export type Node =
  | TextNode
  | ActionNode
  | IfNode
  | RangeNode
  | TemplateNode
  | { readonly kind: 'break' | 'continue'; readonly position: number }

export interface ListNode {
  readonly kind: 'list'
  readonly position: number
  readonly nodes: Node[]
}

export interface TextNode {
  readonly kind: 'text'
  readonly position: number
  readonly text: string
}

export interface ActionNode {
  readonly kind: 'action'
  readonly position: number
  readonly pipe: PipeNode
}

export interface IfNode {
  readonly kind: 'if' | 'with'
  readonly position: number
  readonly pipe: PipeNode
  readonly list: ListNode
  readonly elseList: ListNode | undefined
}

export interface RangeNode {
  readonly kind: 'range'
  readonly position: number
  readonly pipe: PipeNode
  readonly list: ListNode
  readonly elseList: ListNode | undefined
}

export interface TemplateNode {
  readonly kind: 'template'
  readonly position: number
  readonly name: string
  readonly pipe: PipeNode | undefined
}

export interface PipeNode {
  readonly kind: 'pipe'
  readonly position: number
  isAssign: boolean
  readonly declared: VariableNode[]
  readonly commands: CommandNode[]
}

export interface CommandNode {
  readonly kind: 'command'
  readonly position: number
  readonly args: Operand[]
}

export type Operand =
  | VariableNode
  | PipeNode
  | { readonly kind: 'dot' | 'nil'; readonly position: number }
  | { readonly kind: 'identifier'; readonly position: number; readonly name: string }
  | { readonly kind: 'field'; readonly position: number; readonly names: readonly string[] }
  | {
      readonly kind: 'chain'
      readonly position: number
      readonly node: Operand
      readonly names: readonly string[]
    }
  | { readonly kind: 'bool'; readonly position: number; readonly value: boolean }
  | { readonly kind: 'string'; readonly position: number; readonly literal: string; readonly value: string }
  | NumberNode

export interface VariableNode {
  readonly kind: 'variable'
  readonly position: number
  /** Its name with the dollar sign, then fields. */
  readonly names: readonly string[]
}

export interface NumberNode {
  readonly kind: 'number'
  readonly position: number
  readonly text: string
  /** What it can be, by the kind that is wanted. */
  readonly int?: bigint
  readonly uint?: bigint
  readonly float?: number
  /** When it ends in `i`; then it is this, whatever else it could be. */
  readonly complex?: GoComplex
}

/** A node as Go writes it in its messages. */
export function textOf(node: Node | ListNode | PipeNode | CommandNode | Operand): string {
  switch (node.kind) {
    case 'list':
      return node.nodes.map(textOf).join('')
    case 'text':
      return node.text
    case 'action':
      return `{{${textOf(node.pipe)}}}`
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`
    case 'if':
    case 'with':
    case 'range': {
      const otherwise = node.elseList === undefined ? '' : `{{else}}${textOf(node.elseList)}`
      return `{{${node.kind} ${textOf(node.pipe)}}}${textOf(node.list)}${otherwise}{{end}}`
    }
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe === undefined ? '' : ` ${textOf(node.pipe)}`}}}`
    case 'pipe': {
      const declared =
        node.declared.length === 0
          ? ''
          : `${node.declared.map(textOf).join(', ')} ${node.isAssign ? '=' : ':='} `
      return declared + node.commands.map(textOf).join(' | ')
    }
    case 'command':
      return node.args.map(argument).join(' ')
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'identifier':
      return node.name
    case 'field':
      return node.names.map(name => `.${name}`).join('')
    case 'variable':
      return node.names.join('.')
    case 'chain':
      return argument(node.node) + node.names.map(name => `.${name}`).join('')
    case 'bool':
      return String(node.value)
    case 'string':
      return node.literal
    case 'number':
      return node.text
  }
}

function argument(node: Operand): string {
  return node.kind === 'pipe' ? `(${textOf(node)})` : textOf(node)
}
