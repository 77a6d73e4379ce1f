// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of the configuration, not templates
import { Interpolated } from './interpolated.ts'
import type { Problem } from './problem.ts'

export type Environment = Readonly<Record<string, string | undefined>>

interface Interpolation {
  readonly value: unknown
  readonly problems: readonly Problem[]
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every string leaf (never in keys); `$${` stays `${`.
 * The default counts when the variable is unset or empty. Leaves that had one come back as `Interpolated`.
 */
export function interpolate(input: unknown, environment: Environment): Interpolation {
  const problems: Problem[] = []
  const walk = (value: unknown, path: Problem['path']): unknown => {
    if (typeof value === 'string')
      return replace(value, environment, problem => problems.push({ path, ...problem }))
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]))
  }
  return { value: walk(input, []), problems }
}

type Report = (problem: Pick<Problem, 'message' | 'hint'>) => void

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g
const inside = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

function replace(text: string, environment: Environment, report: Report): string | Interpolated {
  if (!text.includes('${')) return text
  let replaced = false
  const result = text.replace(reference, (whole, content: string | undefined, end: string) => {
    if (content === undefined) return '${'
    replaced = true
    const parts = inside.exec(content)
    if (parts === null || end === '') {
      report({
        message: `"${whole}" is no reference to an environment variable`,
        hint: 'write ${NAME} or ${NAME:-default}; $${ stands for a literal ${',
      })
      return whole
    }
    return lookUp(parts[1], parts[2], environment, report)
  })
  return replaced ? new Interpolated(result, text) : result
}

function lookUp(
  name: string,
  fallback: string | undefined,
  environment: Environment,
  report: Report,
): string {
  const value = environment[name]
  if (value !== undefined && (value !== '' || fallback === undefined)) return value
  if (fallback !== undefined) return fallback
  report({
    message: `the environment variable ${name} is not set`,
    hint: `set it, or give a default: \${${name}:-…}`,
  })
  return ''
}
