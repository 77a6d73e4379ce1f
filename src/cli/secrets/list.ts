import type { Call } from '../call.ts'
import { placeOf, storeOfCall } from './store-of-call.ts'
import { mistakeIn } from './words.ts'

export function mistake(call: Call): string | undefined {
  return mistakeIn(call, { positionals: [0, 1, 'no more than a PATH'] })
}

/** `outrigger secrets list` */
export async function run(call: Call): Promise<number> {
  const [path] = call.positionals
  const where = await storeOfCall(call)
  const folder = path === undefined || path === '/' ? '' : await placeOf(path, where)
  const names = (await where.store.read()).list(folder)
  for (const name of names) call.io.stdout.write(`${name}\n`)
  if (names.length > 0) return 0
  call.io.stderr.write(folder === '' ? 'the store is empty\n' : `there is nothing below ${folder}\n`)
  return folder === '' ? 0 : 1
}
