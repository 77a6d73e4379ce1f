import { GoFunction } from '../../../../wire/gotemplate/value.ts'

/** Makes of a function that a list names, by its name or by a pattern with *, one that says so when it is called. */
export function denying(list: readonly string[]): (each: GoFunction) => GoFunction {
  const patterns = list.map(entry => new RegExp(`^${entry.replaceAll(/\*+/g, '.*')}$`))
  return each =>
    patterns.some(pattern => pattern.test(each.name))
      ? new GoFunction(each.name, 0, Number.POSITIVE_INFINITY, () => {
          throw new Error('is not available: it is on the function denylist')
        })
      : each
}
