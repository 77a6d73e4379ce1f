import { GoFunction, stringIn } from '../../../../wire/gotemplate/value.ts'
import type { Asking } from '../content.ts'

/**
 * `writeToFile "path" "owner" "group" "mode" ["append,newline"] content`, as consul-template has it. The file is written
 * when the text that the template makes is, and never when nothing is delivered.
 */
export function writeToFile(asking: Asking, maxBytes: number): GoFunction {
  return new GoFunction(
    'writeToFile',
    4,
    Number.POSITIVE_INFINITY,
    (path, owner, group, mode, ...rest) => {
      if (rest.length === 0 || rest.length > 2)
        throw new Error(`expected a path, an owner, a group, a mode, perhaps flags, and a content`)
      const octal = stringIn(mode!)
      if (!/^0?[0-7]{1,4}$/.test(octal))
        throw new Error(`expected an octal mode such as 0600, got "${octal}"`)
      if ((Number.parseInt(octal, 8) & 0o002) !== 0)
        throw new Error(`the mode ${octal} would let everybody write ${stringIn(path!)}`)
      const flags = rest.length === 2 ? stringIn(rest[0]!) : ''
      const content = `${stringIn(rest.at(-1)!)}${flags.includes('newline') ? '\n' : ''}`
      const bytes = Buffer.from(content)
      if (bytes.length > maxBytes)
        throw new Error(`${stringIn(path!)} would have ${bytes.length} bytes, and maxSize is ${maxBytes}`)
      asking.write({
        path: stringIn(path!),
        bytes,
        mode: octal,
        owner: stringIn(owner!),
        group: stringIn(group!),
        append: flags.includes('append'),
      })
      return ''
    },
    ['string'],
  )
}
