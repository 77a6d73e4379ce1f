// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of the configuration, not templates
import { Interpolated } from './interpolated.ts'
import type { Problem } from './problem.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The value of a secret by its reference (`[source:]path#key`); undefined while it is not known. */
export type SecretLookUp = (reference: string) => string | undefined

interface Interpolation {
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** Leaves with secrets, and which. */
  readonly secrets: readonly SecretLeaf[]
}

export interface SecretLeaf {
  readonly path: Problem['path']
  readonly reference: string
  readonly isKnown: boolean
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every string leaf (never in keys); `$${` stays `${`.
 * The default counts when the variable is unset or empty. Leaves that had one come back as `Interpolated`.
 * `${secret:path#key}` is the value of a secret; where it is not known, the leaf is as if it were empty.
 */
export function interpolate(
  input: unknown,
  environment: Environment,
  lookUpSecret: SecretLookUp = () => undefined,
): Interpolation {
  const problems: Problem[] = []
  const secrets: SecretLeaf[] = []
  const walk = (value: unknown, path: Problem['path']): unknown => {
    if (typeof value === 'string')
      return replace(value, environment, {
        problem: problem => problems.push({ path, ...problem }),
        secret: reference => {
          const secret = lookUpSecret(reference)
          secrets.push({ path, reference, isKnown: secret !== undefined })
          return secret ?? ''
        },
      })
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]))
  }
  return { value: walk(input, []), problems, secrets }
}

interface Found {
  readonly problem: Report
  /** Gives what stands for the secret. */
  readonly secret: (reference: string) => string
}

type Report = (problem: Pick<Problem, 'message' | 'hint'>) => void

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g
const inside = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

function replace(text: string, environment: Environment, found: Found): string | Interpolated {
  if (!text.includes('${')) return text
  let replaced = false
  let isSecret = false
  const result = text.replace(reference, (whole, content: string | undefined, end: string) => {
    if (content === undefined) return '${'
    replaced = true
    const secret = /^secret:(.+)$/s.exec(content)?.[1]
    if (secret !== undefined && end !== '') {
      isSecret = true
      return found.secret(secret)
    }
    const parts = inside.exec(content)
    if (parts === null || end === '') {
      found.problem({
        message: `"${whole}" is no reference to an environment variable`,
        hint: 'write ${NAME}, ${NAME:-default} or ${secret:path#key}; $${ stands for a literal ${',
      })
      return whole
    }
    return lookUp(parts[1], parts[2], environment, found.problem)
  })
  return replaced ? new Interpolated(result, text, isSecret) : result
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
