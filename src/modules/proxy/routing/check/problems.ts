import type { Problem } from '../../../../kernel/config/problem.ts'

type Step = string | number

/** The problems of a part, as the whole that has it at these steps sees them. */
export function below(steps: readonly Step[], problems: readonly Problem[]): Problem[] {
  return problems.map(problem => ({ ...problem, path: [...steps, ...problem.path] }))
}

/** The problems of every item of a list, at its place. */
export function each<T>(
  key: string,
  items: readonly T[],
  check: (item: T, index: number) => readonly Problem[],
): Problem[] {
  return items.flatMap((item, index) => below([key, index], check(item, index)))
}

export function problem(path: readonly Step[], message: string, hint?: string): Problem {
  return { path, message, ...(hint !== undefined && { hint }) }
}

/** One problem for each item whose key an earlier item has. */
export function repeated<T>(
  items: readonly T[],
  keyOf: (item: T) => string | undefined,
  tell: (index: number, earlier: number) => Problem,
): Problem[] {
  const first = new Map<string, number>()
  return items.flatMap((item, index) => {
    const key = keyOf(item)
    if (key === undefined) return []
    const earlier = first.get(key)
    if (earlier !== undefined) return [tell(index, earlier)]
    first.set(key, index)
    return []
  })
}
