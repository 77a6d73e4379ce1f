import type { Call } from './call.ts'

/** `outrigger as fluent-bit …` */
export async function run({ io, positionals }: Call): Promise<number> {
  const [name, ...args] = positionals
  if (name === 'fluent-bit') return (await import('./as/fluent-bit/fluent-bit.ts')).runAsFluentBit(args, io)
  const wrong = name === undefined ? 'NAME is missing' : `cannot stand in for "${name}", only for fluent-bit`
  io.stderr.write(`outrigger as: ${wrong}\nTry outrigger as --help.\n`)
  return 2
}
