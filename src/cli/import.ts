import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Call } from './call.ts'

const KINDS = ['istio', 'fluent-bit', 'vault-agent']

/** `outrigger import istio FILE ...`, `outrigger import fluent-bit FILE`, `outrigger import vault-agent FILE ...` */
export async function run(call: Call): Promise<number> {
  const { io, positionals } = call
  const [kind, ...files] = positionals
  if (kind === undefined || !KINDS.includes(kind) || files.length === 0) {
    const wrong =
      kind === undefined || KINDS.includes(kind)
        ? 'FILE is missing'
        : `cannot import "${kind}", only ${KINDS.join(', ')}`
    io.stderr.write(`outrigger import: ${wrong}\nTry outrigger import --help.\n`)
    return 2
  }
  if (kind === 'fluent-bit') return (await import('./as/fluent-bit/import.ts')).importFluentBit(files, io)
  if (kind === 'vault-agent') return (await import('./as/vault/import.ts')).importVaultAgent(files, io)
  const { parseAllDocuments, stringify } = await import('yaml')
  const { importIstio } = await import('../modules/proxy/routing/import-istio/import.ts')
  const documents: unknown[] = []
  for (const file of files) {
    const text = await readFile(resolve(io.cwd, file), 'utf8').catch((error: Error) => error)
    const parsed = text instanceof Error ? [] : parseAllDocuments(text)
    const error = text instanceof Error ? text : [...parsed].flatMap(({ errors }) => errors)[0]
    if (error !== undefined) {
      io.stderr.write(`outrigger import: ${file}: ${error.message}\n`)
      return 1
    }
    for (const document of parsed) documents.push(document.toJS())
  }
  const { findings, ...imported } = importIstio(documents)
  io.stdout.write(stringify(imported, { lineWidth: 0, aliasDuplicateObjects: false }))
  for (const { document, key, message } of findings) io.stderr.write(`${document}  ${key}\n    ${message}\n`)
  return findings.length > 0 ? 1 : 0
}
