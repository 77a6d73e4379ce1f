import { uninjectCompose } from '../injection/compose/uninject.ts'
import { uninject } from '../injection/kubernetes/inject.ts'
import { type Json, pointer } from '../manifests/json.ts'
import type { ManifestDocument } from '../manifests/read.ts'
import { workloads } from '../manifests/workload.ts'
import type { Call } from './call.ts'
import { editManifests, type Transformed } from './inject/edit-manifests.ts'
import { subjectOf } from './inject/words.ts'

/** `outrigger uninject` */
export function run(call: Call): Promise<number> {
  return editManifests(call, 'uninject', uninjected)
}

function uninjected({ value, kind }: ManifestDocument): Transformed {
  return kind === 'compose' ? fromCompose(value) : fromPods(value)
}

/** The status of Compose is one for the whole file. */
function fromCompose(value: Json): Transformed {
  const { patch, findings } = uninjectCompose(value)
  const isChanged = patch.length > 0
  const result = {
    subject: 'the Compose file',
    outcome: isChanged ? 'restored' : 'unchanged',
    detail: isChanged ? '' : 'nothing is injected',
    isQuiet: !isChanged,
    reasons: patch.map(({ op, path }) => `${op} ${path}`),
  }
  return { patch, findings, results: [result] }
}

function fromPods(value: Json): Transformed {
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
