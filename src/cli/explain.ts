import { presenceOf, typeOf, written } from '../kernel/config/describe.ts'
import type { Doc } from '../kernel/config/doc.ts'
import { children, type Found, find } from '../kernel/config/navigate.ts'
import { wholeDoc } from '../kernel/config/whole.ts'
import { modules } from '../modules/registry.ts'
import type { Call } from './call.ts'
import { table, wrap } from './layout.ts'

/** `outrigger explain` */
export async function run({ io, positionals }: Call): Promise<number> {
  const found = find(await wholeDoc(modules), positionals.join('.'))
  if (!found.ok) {
    io.stderr.write(`outrigger explain: ${found.message}\n`)
    return 2
  }
  const width = Math.min(Math.max(io.stdout.columns ?? 100, 60), 120)
  io.stdout.write(`${explanation(found, width).join('\n')}\n`)
  return 0
}

/** What one option means, and what is inside it. */
export function explanation({ path, doc, alternative }: Found & { ok: true }, width: number): string[] {
  const rows = parts(doc).map(([name, child]) => [name, typeOf(child), presenceIn(doc, child), child.about])
  return [
    path || 'outrigger.yaml',
    ...wrap(doc.about, width - 2).map(line => `  ${line}`),
    '',
    ...table(facts(doc, alternative), { indent: 2, width }),
    ...(rows.length > 0 ? ['', ...table(rows, { indent: 2, width })] : []),
  ]
}

function facts(doc: Doc, alternative: boolean): string[][] {
  const each = doc.item && parts(doc).length === 0 ? [['each', doc.item.about]] : []
  return [
    ['type', typeOf(doc)],
    ...(alternative ? [] : [['value', presenceOf(doc)]]),
    ...(doc.example === undefined ? [] : [['example', written(doc.example)]]),
    ...each,
  ]
}

/** What is inside, by name; below a map the names begin with one that the user chooses. */
function parts(doc: Doc): [string, Doc][] {
  if (doc.kind !== 'map') return Object.entries(children(doc) ?? {})
  return Object.entries(children(doc.item!) ?? {}).map(([name, child]) => [`NAME.${name}`, child])
}

/** One of several alternatives is neither required nor optional. */
function presenceIn(parent: Doc, child: Doc): string {
  const inner = parent.kind === 'list' || parent.kind === 'map' ? parent.item! : parent
  return inner.kind === 'oneOf' ? '' : presenceOf(child)
}
