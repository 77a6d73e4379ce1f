import type { Call } from '../call.ts'
import { placeOf, storeOfCall } from './store-of-call.ts'
import { mistakeIn, numberOption } from './words.ts'

export function mistake(call: Call): string | undefined {
  return mistakeIn(call, { positionals: [1, 1, 'PATH'], options: ['version'] })
}

/** `outrigger secrets undelete` */
export async function run(call: Call): Promise<number> {
  const where = await storeOfCall(call)
  const place = await placeOf(call.positionals[0]!, where)
  const version = await where.store.update(content => {
    const found = content.version(place, numberOption(call, 'version'))
    if (found === undefined) throw new Error(`there is no such version of ${place}`)
    if (found.is.destroyed)
      throw new Error(`version ${found.version} of ${place} was destroyed, and cannot be brought back`)
    content.undelete(place, [found.version])
    return found.version
  })
  call.io.stdout.write(`version ${version} of ${place} can be read again\n`)
  return 0
}
