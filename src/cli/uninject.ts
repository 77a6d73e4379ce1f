import { uninject } from '../injection/kubernetes/inject.ts'
import { pointer } from '../manifests/json.ts'
import type { ManifestDocument } from '../manifests/read.ts'
import { workloads } from '../manifests/workload.ts'
import type { Call } from './call.ts'
import { editManifests, type Transformed } from './inject/edit-manifests.ts'
import { subjectOf } from './inject/words.ts'

/** `outrigger uninject` */
export function run(call: Call): Promise<number> {
  return editManifests(call, 'uninject', uninjected)
}

function uninjected({ value }: ManifestDocument): Transformed {
  const { patch, findings } = uninject(value)
  const results = workloads(value).map(workload => {
    const prefix = `${pointer(workload.template)}/`
    const isChanged = patch.some(({ path }) => path.startsWith(prefix))
    return {
      subject: subjectOf(workload),
      outcome: isChanged ? 'restored' : 'unchanged',
      detail: isChanged ? '' : 'nothing is injected',
      isQuiet: !isChanged,
      reasons: patch
        .filter(({ path }) => path.startsWith(prefix))
        .map(({ op, path }) => `${op} ${path.slice(prefix.length - 1)}`),
    }
  })
  return { patch, findings, results }
}
