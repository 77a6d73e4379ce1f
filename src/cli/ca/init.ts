import { join, relative } from 'node:path'
import { AUTHORITY_FILES, writeAuthority } from '../../authority/folder.ts'
import { createAuthority } from '../../authority/root.ts'
import type { Call } from '../call.ts'
import { folderOf, optionMistake, type Values } from './values.ts'

export function mistake(values: Values): string | undefined {
  return optionMistake(values, ['trust-domain'], ['out', 'intermediate'])
}

/** `outrigger ca init` */
export async function run(call: Call): Promise<number> {
  const { io, values } = call
  const folder = folderOf(call, 'out', 'ca')
  const intermediate = values['intermediate'] === true
  const trustDomain = String(values['trust-domain'])
  const made = await createAuthority({ trustDomain, nowMs: Date.now(), intermediate })
  const paths = await writeAuthority(folder, made)
  const shown = (path: string): string => relative(io.cwd, path) || path
  io.stdout.write(`made an authority for spiffe://${trustDomain}\n`)
  for (const path of paths) io.stdout.write(`  ${shown(path)}\n`)
  const key = shown(join(folder, AUTHORITY_FILES.root.key))
  const advice = intermediate
    ? `move ${key} to a safe place, it is not needed to issue`
    : `keep ${key} secret`
  io.stdout.write(
    `${advice}; give ${shown(join(folder, AUTHORITY_FILES.root.certificate))} to those who are to trust it\n`,
  )
  return 0
}
