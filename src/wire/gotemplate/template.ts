import { BUILTINS } from './builtins.ts'
import type { Effort, MissingKey } from './evaluate.ts'
import { executeTemplate } from './execute.ts'
import { parseTemplate, type TreeSet } from './parse.ts'
import { TemplateProblem } from './problem.ts'
import type { GoFunction, Value } from './value.ts'

export type { MissingKey } from './evaluate.ts'

export interface TemplateOptions {
  /** For messages, and by which it can be called. */
  readonly name: string
  /** What actions begin and end with; `{{` and `}}` unless given. */
  readonly delimiters?: readonly [string, string]
  /** What a key that a map does not have becomes. Default `default`: `<no value>`. */
  readonly missingKey?: MissingKey
  /** Besides Go's own; one of the same name takes its place. */
  readonly functions?: ReadonlyMap<string, GoFunction>
}

export interface ExecutionOptions {
  /** Other functions for names that were known when it was compiled. */
  readonly functions?: ReadonlyMap<string, GoFunction>
  /** In characters; 16 Mi unless given. */
  readonly maxOutput?: number
  /** Nodes walked at most; ten million unless given. */
  readonly maxSteps?: number
}

const DEFAULT_MAX_OUTPUT = 16 * 1024 * 1024
const DEFAULT_MAX_STEPS = 10_000_000

/** A template of Go's text/template, parsed once and executed as often as one likes. */
export class Template {
  readonly name: string
  readonly #trees: TreeSet
  readonly #functions: ReadonlyMap<string, GoFunction>
  readonly #missingKey: MissingKey
  /** Of the execution that is under way, when one of its functions begins another. */
  #effort: Effort | undefined

  private constructor(trees: TreeSet, options: TemplateOptions) {
    this.name = options.name
    this.#trees = trees
    this.#functions = options.functions ?? new Map()
    this.#missingKey = options.missingKey ?? 'default'
  }

  /** Throws a TemplateProblem. */
  static compile(text: string, options: TemplateOptions): Template {
    const functions = options.functions
    const trees = parseTemplate(text, {
      name: options.name,
      delimiters: options.delimiters ?? ['{{', '}}'],
      isFunction: name => functions?.has(name) === true || BUILTINS.has(name),
    })
    return new Template(trees, options)
  }

  /** The names of the templates that it holds. */
  get names(): string[] {
    return [...this.#trees.keys()]
  }

  /**
   * Throws a TemplateProblem. `name`: one of the templates that it defines, instead of itself. A function of the template
   * may call it too: then steps and depth count from where the execution stands that called the function.
   */
  execute(data: Value, options: ExecutionOptions = {}, name = this.name): string {
    const tree = this.#trees.get(name)
    if (tree === undefined)
      throw new TemplateProblem(`template: no template "${name}" associated with template "${this.name}"`, {
        template: this.name,
        line: 1,
        column: 1,
      })
    const { functions } = options
    const execution = {
      trees: this.#trees,
      functions: (each: string) => functions?.get(each) ?? this.#functions.get(each),
      missingKey: this.#missingKey,
      maxOutput: options.maxOutput ?? DEFAULT_MAX_OUTPUT,
      maxSteps: options.maxSteps ?? DEFAULT_MAX_STEPS,
    }
    const outer = this.#effort
    this.#effort = outer ?? { steps: 0, depth: 0 }
    try {
      // By Go's rules data that is nil is no value at all.
      return executeTemplate(execution, tree, data ?? undefined, this.#effort)
    } finally {
      this.#effort = outer
    }
  }
}
