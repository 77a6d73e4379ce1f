import { compilePattern } from '../../../kernel/pattern.ts'
import { BUILTINS, type BuiltinName, START_STATE, type Step } from './builtin.ts'
import type { RuleConfig } from './config.ts'

/** Where a record stands between two lines. */
export interface State {
  /** By what kinds of lines it may go on; none: it is whole. */
  readonly next: readonly Transition[]
  /** It is known that more belongs to it. */
  readonly lacks: boolean
}

export interface Transition {
  /** Undefined: any line. */
  readonly fits: ((text: string) => boolean) | undefined
  readonly to: State
}

/** How lines of one kind of record are told: a small state machine over them. */
export interface Rule {
  readonly begin: readonly Transition[]
  /** A line by which a record begins has one of these in it; undefined: there is nothing to look for. */
  readonly hints: readonly Buffer[] | undefined
  /** What stands between two lines. */
  readonly separator: Buffer
}

/** Nothing more belongs to it. */
export const WHOLE: State = { next: [], lacks: false }

/** The state behind this line; undefined when no transition takes it. */
export function advance(transitions: readonly Transition[], text: string): State | undefined {
  for (const { fits, to } of transitions) if (fits === undefined || fits(text)) return to
  return undefined
}

/** The rules of a configuration that has passed `checkMultiline`, without those for parts, which the formats tell. */
export function createRules(rules: readonly RuleConfig[]): Rule[] {
  return rules.flatMap(rule => createRule(rule) ?? [])
}

function createRule(rule: RuleConfig): Rule | undefined {
  switch (rule.kind) {
    case 'builtin':
      return builtinRule(rule.config)
    case 'start': {
      const begins = patternTest(rule.config.pattern, rule.config.negate)
      return everyLine(text => !begins(text), rule.config.separator)
    }
    case 'continuation':
      return everyLine(patternTest(rule.config.pattern, rule.config.negate), rule.config.separator)
    case 'end': {
      const next: Transition[] = []
      next.push({ fits: endTest(rule.config), to: WHOLE }, { fits: undefined, to: { next, lacks: true } })
      return { begin: next, hints: undefined, separator: Buffer.from(rule.config.separator) }
    }
    case 'states':
      return {
        begin: machineOf(rule.config.rules),
        hints: undefined,
        separator: Buffer.from(rule.config.separator),
      }
  }
}

function builtinRule(name: BuiltinName): Rule | undefined {
  if (name === 'cri' || name === 'docker') return undefined
  const { hints, steps } = BUILTINS[name]
  return {
    begin: machineOf(steps),
    hints: hints.map(hint => Buffer.from(hint)),
    separator: Buffer.from('\n'),
  }
}

/** Each line begins a record, unless it goes on with one. */
function everyLine(goesOn: (text: string) => boolean, separator: string): Rule {
  const next: Transition[] = []
  const open: State = { next, lacks: false }
  next.push({ fits: goesOn, to: open })
  return { begin: [{ fits: undefined, to: open }], hints: undefined, separator: Buffer.from(separator) }
}

function machineOf(steps: readonly Step[]): readonly Transition[] {
  const states = new Map<string, { next: Transition[]; lacks: boolean }>()
  const stateOf = (name: string) => {
    let state = states.get(name)
    if (state === undefined) states.set(name, (state = { next: [], lacks: false }))
    return state
  }
  for (const { from, pattern, to } of steps) {
    const transition = { fits: patternTest(pattern, false), to: stateOf(to) }
    for (const name of from) stateOf(name).next.push(transition)
  }
  return stateOf(START_STATE).next
}

function patternTest(pattern: string, negate: boolean): (text: string) => boolean {
  const compiled = compilePattern(pattern)
  if ('reason' in compiled) throw new Error(compiled.reason)
  const { regex } = compiled
  return negate ? text => !regex.test(text) : text => regex.test(text)
}

function endTest({
  pattern,
  endsWith,
  equals,
  negate,
}: Extract<RuleConfig, { kind: 'end' }>['config']): (text: string) => boolean {
  if (pattern !== undefined) return patternTest(pattern, negate)
  if (endsWith !== undefined) return text => text.endsWith(endsWith) !== negate
  return text => (text === equals) !== negate
}
