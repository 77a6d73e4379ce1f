import { relative } from 'node:path'
import type { Call } from '../call.ts'
import { storeOfCall } from './store-of-call.ts'
import { mistakeIn } from './words.ts'

export function mistake(call: Call): string | undefined {
  return mistakeIn(call, { positionals: [0, 0, ''] })
}

/** `outrigger secrets init` */
export async function run(call: Call): Promise<number> {
  const { io } = call
  const { store, key } = await storeOfCall(call)
  const shown = (path: string) => relative(io.cwd, path) || path
  if (!(await store.create())) {
    io.stderr.write(`outrigger secrets init: ${shown(store.path)} exists; it is not overwritten\n`)
    return 1
  }
  io.stdout.write(`made ${shown(store.path)}\n`)
  if (key.kind === 'file')
    io.stdout.write(
      `its key is ${shown(key.path)}: keep a copy of it elsewhere, and never beside the store in a repository\n`,
    )
  io.stdout.write('outrigger secrets set PATH KEY=- puts a value into it\n')
  return 0
}
