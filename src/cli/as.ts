import type { Call } from './call.ts'

/** `outrigger as fluent-bit …`, `outrigger as vault …` */
export async function run({ io, positionals }: Call): Promise<number> {
  const [name, ...args] = positionals
  if (name === 'fluent-bit') return (await import('./as/fluent-bit/fluent-bit.ts')).runAsFluentBit(args, io)
  if (name === 'vault') return (await import('./as/vault/vault.ts')).runAsVault(args, io)
  const wrong =
    name === undefined ? 'NAME is missing' : `cannot stand in for "${name}", only for fluent-bit and vault`
  io.stderr.write(`outrigger as: ${wrong}\nTry outrigger as --help.\n`)
  return 2
}
