import { renderReport } from '../../kernel/config/report.ts'
import { objectsOf } from '../../lint/lint.ts'
import { type ClusterNodes, itemsOf, nodesOf, ofCluster } from '../../lint/overhead/cluster.ts'
import { ofManifests, type Subject } from '../../lint/overhead/subject.ts'
import type { Json } from '../../manifests/json.ts'
import type { Call } from '../call.ts'
import { kubectl } from '../kubectl.ts'
import { readManifestFiles } from '../manifest-files.ts'

/** What is counted, and on which nodes. */
export interface Counted {
  readonly subjectsOn: (nodes: number) => readonly Subject[]
  /** Of a cluster that lets them be read. */
  readonly nodes?: ClusterNodes | undefined
}

/** From files or from the cluster, as the options say. Rejects with what to mend. */
export async function readSubjects(call: Call): Promise<Counted> {
  const { values, positionals } = call
  const paths = [...((values['file'] as string[] | undefined) ?? []), ...positionals]
  if (values['cluster'] === true && paths.length > 0)
    throw new TypeError('takes files or --cluster, not both')
  if (values['cluster'] === true) return fromCluster(call)
  if (values['namespace'] !== undefined) throw new TypeError('--namespace goes with --cluster')
  if (paths.length === 0)
    throw new TypeError('which files? Name files or folders, - for standard input, or --cluster')
  const { files, problems } = await readManifestFiles(paths, call.io)
  const all = [...problems, ...files.flatMap(file => file.problems)]
  if (all.length > 0)
    throw new UnreadableManifests(
      renderReport(
        all,
        files.map(({ file }) => file),
      ),
    )
  const documents = files.flatMap(file => file.documents)
  const objects = documents.flatMap(objectsOf)
  const found = documents.map(({ value }) => value)
  if (ofManifests(found, objects, 1).length === 0)
    throw new TypeError('there is no workload in what was read')
  return { subjectsOn: nodes => ofManifests(found, objects, nodes) }
}

/** The message is the whole report. */
export class UnreadableManifests extends Error {}

async function fromCluster({ values, io }: Call): Promise<Counted> {
  const namespace = values['namespace']
  const scope = typeof namespace === 'string' ? ['--namespace', namespace] : ['--all-namespaces']
  const list = async (kinds: string, ...more: string[]) =>
    itemsOf(JSON.parse(await kubectl(['get', kinds, ...more, '-o', 'json'], io)) as Json)
  // Who may see pods need not be allowed to see these.
  const optional = (kinds: string, what: string, ...more: string[]) =>
    list(kinds, ...more).catch((error: Error) => {
      io.stderr.write(`outrigger overhead: ${what} of the cluster are not known (${error.message})\n`)
      return []
    })
  const pods = await list('pods', ...scope)
  const scalers = await optional('horizontalpodautoscalers.autoscaling', 'the autoscalers', ...scope)
  const nodes = nodesOf(await optional('nodes', 'the nodes'))
  const subjects = ofCluster([...pods, ...scalers])
  if (subjects.length === 0) throw new TypeError('there is no running pod there')
  return { subjectsOn: () => subjects, nodes }
}
