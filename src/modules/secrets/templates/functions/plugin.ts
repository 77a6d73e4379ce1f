import { GoFunction, stringIn } from '../../../../wire/gotemplate/value.ts'
import type { Asking } from '../content.ts'

/** `plugin "program" "argument" …`: what a program writes, as consul-template has it. Only where templates may start programs. */
export function plugin(asking: Asking, mayStart: boolean): GoFunction {
  return new GoFunction(
    'plugin',
    1,
    Number.POSITIVE_INFINITY,
    (name, ...args) => {
      const program = stringIn(name!)
      if (program === '') return ''
      if (!mayStart)
        throw new Error(
          'is not available: this template may start no programs; say programs: true beside it, or let the program write a file, and read it with `file`',
        )
      const words = args.map(each => stringIn(each).trim()).filter(word => word !== '')
      return asking.program([program, ...words]) ?? ''
    },
    ['string'],
  )
}
