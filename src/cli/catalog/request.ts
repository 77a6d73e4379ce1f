import type { Catalogue } from '../../injection/catalogue/catalogue.ts'
import type { Call } from '../call.ts'
import { openCatalogue } from '../catalogue.ts'

const FORMATS = ['table', 'json', 'yaml'] as const
export type Format = (typeof FORMATS)[number]

/** The format of `--output`, or undefined after it was told that there is no such one. */
export function formatOf({ io, values }: Call, action: string): Format | undefined {
  const given = String(values['output'] ?? 'table')
  const format = FORMATS.find(each => each === given)
  if (format === undefined)
    io.stderr.write(`outrigger catalog ${action}: --output expects ${FORMATS.join(', ')}, got "${given}"\n`)
  return format
}

/** The catalogue of `--catalog`, or of `paths` in its place; undefined after its problems were told. */
export async function catalogueOfCall(
  { io, values }: Call,
  paths?: readonly string[],
): Promise<Catalogue | undefined> {
  const given = paths ?? (values['catalog'] as readonly string[] | undefined) ?? []
  const opened = await openCatalogue(given, io, { replace: values['replace'] === true })
  if (opened.ok) return opened.catalogue
  io.stderr.write(opened.report)
  return undefined
}

/** Wrong usage: the text goes to stderr, and the answer is the exit code. */
export function usage({ io }: Call, action: string, text: string): number {
  io.stderr.write(`outrigger catalog ${action}: ${text}\nTry outrigger catalog --help.\n`)
  return 2
}

export async function print({ io }: Call, value: unknown, format: 'json' | 'yaml'): Promise<void> {
  if (format === 'json') io.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  else
    io.stdout.write((await import('yaml')).stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }))
}
