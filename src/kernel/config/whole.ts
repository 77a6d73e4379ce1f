import type { Doc } from './doc.ts'
import type { ModuleTable } from './load.ts'
import { rootSchema } from './root.ts'

/** The description of the whole file: the root's own options, and every module of the table (all are loaded). */
export async function wholeDoc(table: ModuleTable): Promise<Doc> {
  const modules = await Promise.all(
    Object.entries(table).map(async ([name, load]) => {
      const { config } = await load()
      return [name, { ...config.doc, optional: true as const }] as const
    }),
  )
  return { ...rootSchema.doc, fields: { ...rootSchema.doc.fields, ...Object.fromEntries(modules) } }
}
