import { presenceOf, typeOf, written } from '../kernel/config/describe.ts'
import type { Doc } from '../kernel/config/doc.ts'
import { children, find } from '../kernel/config/navigate.ts'
import { wholeDoc } from '../kernel/config/whole.ts'
import { modules } from '../modules/registry.ts'
import type { Call } from './commands.ts'
import { table, wrap } from './layout.ts'

/** `outrigger explain` */
export async function run({ io, positionals }: Call): Promise<number> {
  const found = find(await wholeDoc(modules), positionals.join('.'))
  if (!found.ok) {
    io.stderr.write(`outrigger explain: ${found.message}\n`)
    return 2
  }
  const width = Math.min(Math.max(io.stdout.columns ?? 100, 60), 120)
  io.stdout.write(`${explanation(found.path || 'outrigger.yaml', found.doc, width).join('\n')}\n`)
  return 0
}

/** What one option means, and what is inside it. */
export function explanation(path: string, doc: Doc, width: number): string[] {
  const inside = Object.entries(children(doc) ?? {})
  const rows = inside.map(([name, child]) => [name, typeOf(child), presenceIn(doc, child), child.about])
  return [
    path,
    ...wrap(doc.about, width - 2).map(line => `  ${line}`),
    '',
    ...facts(doc),
    ...(rows.length > 0 ? ['', ...table(rows, { indent: 2, width })] : []),
  ]
}

function facts(doc: Doc): string[] {
  const rows = [
    ['type', typeOf(doc)],
    ['value', presenceOf(doc)],
    ...(doc.example === undefined ? [] : [['example', written(doc.example)]]),
  ]
  return rows.map(([name, value]) => `  ${name.padEnd(7)}  ${value}`)
}

/** One of several alternatives is neither required nor optional. */
function presenceIn(parent: Doc, child: Doc): string {
  const inner = parent.kind === 'list' ? parent.item! : parent
  return inner.kind === 'oneOf' ? '' : presenceOf(child)
}
