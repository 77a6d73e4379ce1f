import type { Catalogue } from '../injection/catalogue/catalogue.ts'
import { isObject, type Json } from '../manifests/json.ts'
import type { Call } from './call.ts'
import { openCatalogue } from './catalogue.ts'
import { namedPaths, wrongUsage } from './inject/edit-manifests.ts'
import { painter, printable, problemsText } from './inject/report.ts'
import { rowsOfCompose, rowsOfObject, rowsOfPods, type StatusRow } from './inject/status-rows.ts'
import { kubectl } from './kubectl.ts'
import { table } from './layout.ts'
import { readManifestFiles } from './manifest-files.ts'

const FORMATS = ['table', 'json']

/** `outrigger status`: ends with 1 when a sidecar is not as the catalogue would have it today. */
export async function run(call: Call): Promise<number> {
  const { io, values } = call
  const format = String(values['format'] ?? 'table')
  if (!FORMATS.includes(format))
    return wrongUsage(call, 'status', `-o is one of ${FORMATS.join(', ')}, not "${format}"`)
  const paths = namedPaths(call)
  const isCluster = values['cluster'] === true
  if (isCluster === paths.length > 0)
    return wrongUsage(
      call,
      'status',
      isCluster ? 'takes files or --cluster, not both' : 'say which files, or --cluster',
    )
  if (values['namespace'] !== undefined && !isCluster)
    return wrongUsage(call, 'status', '--namespace is for --cluster')
  const opened = await openCatalogue((values['catalog'] as string[] | undefined) ?? [], io)
  if (!opened.ok) {
    io.stderr.write(opened.report)
    return 2
  }
  const rows = isCluster
    ? await ofCluster(call, opened.catalogue)
    : await ofFiles(call, paths, opened.catalogue)
  if (rows === undefined) return 2
  const found = rows.filter(({ sidecar }) => sidecar !== undefined)
  io.stdout.write(format === 'json' ? `${JSON.stringify(found, null, 2)}\n` : shown(found, call))
  const ill = found.filter(({ state }) => state !== 'current')
  if (format === 'table') {
    const workloads = new Set(rows.map(({ workload }) => workload)).size
    const having = new Set(found.map(({ workload }) => workload)).size
    io.stderr.write(
      `${workloads} ${workloads === 1 ? 'workload' : 'workloads'}, ${having} with sidecars; ${ill.length === 0 ? 'all as the catalogue has them' : `${ill.length} of ${found.length} sidecars not as the catalogue has them`}\n`,
    )
  }
  return ill.length > 0 ? 1 : 0
}

async function ofFiles(
  { io }: Call,
  paths: readonly string[],
  catalogue: Catalogue,
): Promise<StatusRow[] | undefined> {
  const { files, problems } = await readManifestFiles(paths, io)
  const all = [...problems, ...files.flatMap(file => file.problems)]
  if (all.length > 0) {
    io.stderr.write(problemsText(all, io))
    return undefined
  }
  return files.flatMap(({ documents }) =>
    documents.flatMap(({ value, kind }) =>
      kind === 'compose' ? rowsOfCompose(value, catalogue) : rowsOfObject(value, catalogue),
    ),
  )
}

/** What runs: the pods, told by what made them. */
async function ofCluster({ io, values }: Call, catalogue: Catalogue): Promise<StatusRow[] | undefined> {
  const namespace = values['namespace']
  const scope = typeof namespace === 'string' ? ['--namespace', namespace] : ['--all-namespaces']
  try {
    const list = JSON.parse(await kubectl(['get', 'pods', ...scope, '-o', 'json'], io)) as Json
    const items = isObject(list) && Array.isArray(list['items']) ? list['items'] : []
    return rowsOfPods(items, catalogue)
  } catch (error) {
    io.stderr.write(`outrigger status: ${(error as Error).message}\n`)
    return undefined
  }
}

function shown(rows: readonly StatusRow[], { io }: Call): string {
  if (rows.length === 0) return ''
  const paint = painter(io.stdout, io.env)
  const cells = rows.map(({ workload, pods, sidecar, version, detail }) => [
    printable(pods === undefined ? workload : `${workload} (${pods === 1 ? '1 pod' : `${pods} pods`})`),
    printable(sidecar ?? ''),
    printable(version ?? ''),
    printable(detail),
  ])
  const lines = table([['WORKLOAD', 'SIDECAR', 'VERSION', 'STATE'], ...cells], {
    indent: 0,
    width: Math.max(io.stdout.columns ?? 200, 80),
  })
  return `${lines.map((line, index) => (index === 0 ? paint('1', line) : line)).join('\n')}\n`
}
