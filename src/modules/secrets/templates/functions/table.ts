import { GoFunction } from '../../../../wire/gotemplate/value.ts'
import { COLLECTIONS } from './collections.ts'
import { ENCODING } from './encoding.ts'
import { MATH } from './math.ts'
import { PARSING } from './parsing.ts'
import { REFUSED } from './refused.ts'
import { type Surroundings, surroundingFunctions } from './surroundings.ts'
import { TEXT } from './text.ts'
import { WRITING } from './writing.ts'

/** Functions that are bound to a pass when a template is executed; until then they only have a name. */
const OF_A_PASS = [
  'secret',
  'secrets',
  'pkiCert',
  'file',
  'scratch',
  'executeTemplate',
  'writeToFile',
  'plugin',
]

/** All functions of the template language that every template may name. */
export function templateFunctions(surroundings: Surroundings): Map<string, GoFunction> {
  const all = [
    ...TEXT,
    ...ENCODING,
    ...COLLECTIONS,
    ...PARSING,
    ...WRITING,
    ...MATH,
    ...REFUSED,
    ...surroundingFunctions(surroundings),
    ...OF_A_PASS.map(name => new GoFunction(name, 0, Number.POSITIVE_INFINITY, () => null)),
  ]
  return new Map(all.map(each => [each.name, each]))
}
