import { GoFunction } from '../../../../wire/gotemplate/value.ts'

/** A function of sprig under the name that it has in consul-template. */
export function prefixed(each: GoFunction): GoFunction {
  return new GoFunction(
    `sprig_${each.name}`,
    each.least,
    each.most,
    (...given) => each.call(given),
    each.parameters,
  )
}
