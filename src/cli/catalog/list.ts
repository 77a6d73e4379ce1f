import { containersOutlined, withDefaults } from '../../injection/catalogue/outline.ts'
import type { Call } from '../call.ts'
import { table } from '../layout.ts'
import { catalogueOfCall, formatOf, print, usage } from './request.ts'

const HEAD = ['NAME', 'VERSION', 'ALSO', 'CPU', 'MEMORY', 'PURPOSE']

/** `outrigger catalog list` */
export async function run(call: Call, names: readonly string[]): Promise<number> {
  if (names.length > 0) return usage(call, 'list', `unexpected "${names[0]}"`)
  const format = formatOf(call, 'list')
  const catalogue = format && (await catalogueOfCall(call))
  if (format === undefined || catalogue === undefined) return 2
  const rows = catalogue.entries.map(entry => {
    const [first] = containersOutlined(withDefaults(entry)).filter(({ kind }) => kind !== 'init')
    const { name, version, hash, purpose, owner, deprecated } = entry
    const aliases = Object.keys(entry.aliases)
    return {
      name,
      version,
      hash,
      aliases,
      purpose,
      owner,
      cpu: first?.cpu ?? '',
      memory: first?.memory ?? '',
      deprecated,
    }
  })
  if (format !== 'table') await print(call, rows, format)
  else {
    const lines = rows.map(row => [
      row.name,
      row.version,
      row.aliases.join(', ') || '-',
      row.cpu,
      row.memory,
      row.deprecated === undefined ? row.purpose : `(deprecated: ${row.deprecated.reason}) ${row.purpose}`,
    ])
    const width = Math.max(100, call.io.stdout.columns ?? 0)
    call.io.stdout.write(`${table([HEAD, ...lines], { indent: 0, width }).join('\n')}\n`)
  }
  return 0
}
