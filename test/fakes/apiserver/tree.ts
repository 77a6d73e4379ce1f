/** An object of Kubernetes in the fake: checked by the table of fields, not by the compiler. */
// biome-ignore lint/suspicious/noExplicitAny: its shape is known only when it has been checked
export type Tree = { [key: string]: any }

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function copy<T>(value: T): T {
  return structuredClone(value)
}
