import { BUILTINS } from '../../../wire/gotemplate/builtins.ts'
import { TemplateProblem } from '../../../wire/gotemplate/problem.ts'
import { Template, type TemplateOptions } from '../../../wire/gotemplate/template.ts'
import { GoFunction, stringIn, type Value } from '../../../wire/gotemplate/value.ts'
import type { Asking, Content } from './content.ts'
import type { Family } from './functions/define.ts'
import { denying } from './functions/denied.ts'
import { plugin } from './functions/plugin.ts'
import { createScratch } from './functions/scratch.ts'
import type { Surroundings } from './functions/surroundings.ts'
import { templateFunctions } from './functions/table.ts'
import { vaultFunctions } from './functions/vault.ts'
import { writeToFile } from './functions/write-to-file.ts'
import { within } from './sandbox.ts'

export interface TemplateGiven extends Surroundings {
  /** For messages: the delivery, or the template's file. */
  readonly name: string
  readonly delimiters?: readonly [string, string]
  readonly missingKey: 'error' | 'zero' | 'print'
  readonly maxBytes: number
  /** Functions that not every template has. */
  readonly moreFunctions?: Family
  /** Those of them that are bound to a pass. */
  readonly moreOfAPass?: (asking: Asking) => Family
  /** Names and patterns with * of functions that cannot be called. */
  readonly functionDenylist?: readonly string[]
  /** Whether it may start some. */
  readonly programs: boolean
  /** The folder that files which it reads must lie in. */
  readonly sandbox?: string
  /** Names that paths may begin with. */
  readonly sources: readonly string[]
}

const ANY = Number.POSITIVE_INFINITY

/** A template as a content. Throws a TemplateProblem with the place of a mistake. */
export function templateContent(text: string, given: TemplateGiven): Content {
  const { name, delimiters, missingKey, maxBytes, sandbox } = given
  const { moreFunctions = [], functionDenylist = [] } = given
  const permitted = denying(functionDenylist)
  const all = [
    ...(functionDenylist.length > 0 ? BUILTINS.values() : []),
    ...templateFunctions(given).values(),
    ...moreFunctions,
  ].map(permitted)
  const functions = new Map(all.map(each => [each.name, each]))
  const template = compiled(text, {
    name,
    functions,
    missingKey: missingKey === 'print' ? 'default' : missingKey,
    ...(delimiters !== undefined && { delimiters }),
  })
  return {
    origin: name,
    make: asking => {
      const bound = passFunctions(
        sandbox === undefined ? asking : within(sandbox, asking),
        template,
        given,
        permitted,
      )
      const made = Buffer.from(template.execute(null, { functions: bound, maxOutput: maxBytes }))
      if (made.length > maxBytes)
        throw new Error(`${name}: makes ${made.length} bytes, and maxSize is ${maxBytes}`)
      return made
    },
  }
}

/** Go tells the line of a mistake; editors like to know its column too. */
function compiled(text: string, options: TemplateOptions): Template {
  try {
    return Template.compile(text, options)
  } catch (error) {
    if (!(error instanceof TemplateProblem)) throw error
    const { line, column, message } = error
    const words = message.replace(`template: ${options.name}:${line}: `, '')
    throw new Error(`${options.name}:${line}:${column}: ${words}`, { cause: error })
  }
}

function passFunctions(
  asking: Asking,
  template: Template,
  { sources, maxBytes, programs, moreOfAPass }: TemplateGiven,
  permitted: (each: GoFunction) => GoFunction,
): ReadonlyMap<string, GoFunction> {
  const scratch = createScratch()
  const functions = [
    ...vaultFunctions(asking, sources),
    new GoFunction('scratch', 0, 0, () => scratch),
    writeToFile(asking, maxBytes),
    plugin(asking, programs),
    ...(moreOfAPass?.(asking) ?? []),
  ]
  const execute = (name: Value, ...data: Value[]) => {
    if (data.length > 1)
      throw new Error(
        `executeTemplate: wrong number of arguments, expected 1 or 2 but got ${data.length + 1}`,
      )
    return template.execute(data[0] ?? null, { functions: bound }, stringIn(name))
  }
  functions.push(new GoFunction('executeTemplate', 1, ANY, execute, ['string', 'any']))
  const bound = new Map(functions.map(permitted).map(each => [each.name, each]))
  return bound
}
