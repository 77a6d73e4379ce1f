import type { Call } from '../call.ts'
import { placeOf, storeOfCall } from './store-of-call.ts'
import { mistakeIn, numberOption } from './words.ts'

export function mistake(call: Call): string | undefined {
  const wrong = mistakeIn(call, { positionals: [1, 1, 'PATH'], options: ['version', 'forever'] })
  if (wrong !== undefined) return wrong
  return call.values['forever'] && call.values['version'] !== undefined
    ? '--forever takes all versions: remove --version'
    : undefined
}

/** `outrigger secrets delete` */
export async function run(call: Call): Promise<number> {
  const where = await storeOfCall(call)
  const place = await placeOf(call.positionals[0]!, where)
  const forever = call.values['forever'] === true
  const version = numberOption(call, 'version')
  const told = await where.store.update(content => {
    const found = content.version(place, version)
    if (!content.secrets.has(place)) throw new Error(`there is no ${place}`)
    if (forever) {
      content.forget(place)
      return `${place} is gone with all its versions`
    }
    if (found === undefined) throw new Error(`${place} has no version ${version ?? 1}`)
    content.delete(place, Date.now(), [found.version])
    return `version ${found.version} of ${place} is deleted; outrigger secrets undelete brings it back`
  })
  call.io.stdout.write(`${told}\n`)
  return 0
}
