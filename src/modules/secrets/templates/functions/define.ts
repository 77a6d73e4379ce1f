import { GoFunction, type ParameterKind, type Value } from '../../../../wire/gotemplate/value.ts'

/** Functions of one family, by name. */
export type Family = readonly GoFunction[]

/** A function of so many arguments as it has kinds of parameters. */
export function fixed(
  name: string,
  kinds: readonly ParameterKind[],
  call: (...given: never[]) => Value,
): GoFunction {
  return new GoFunction(name, kinds.length, kinds.length, call as (...given: Value[]) => Value, kinds)
}

/** The last kind holds for as many arguments as are given, none too. */
export function variadic(
  name: string,
  kinds: readonly ParameterKind[],
  call: (...given: never[]) => Value,
): GoFunction {
  const least = kinds.length - 1
  return new GoFunction(name, least, Number.POSITIVE_INFINITY, call as (...given: Value[]) => Value, kinds)
}
