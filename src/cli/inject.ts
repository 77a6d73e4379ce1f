import type { Catalogue } from '../injection/catalogue/catalogue.ts'
import { injectCompose } from '../injection/compose/injector.ts'
import { tagsOf } from '../injection/compose/tags.ts'
import { inject } from '../injection/kubernetes/inject.ts'
import type { Injection, InjectionContext } from '../injection/kubernetes/injection.ts'
import { at, type Json, type Path, pointer } from '../manifests/json.ts'
import type { ManifestDocument } from '../manifests/read.ts'
import { workloads } from '../manifests/workload.ts'
import type { Call } from './call.ts'
import { contextOf, type Settings } from './inject/context.ts'
import { editManifests, type Transformed, wrongUsage } from './inject/edit-manifests.ts'
import { resultOf, serviceResultOf } from './inject/words.ts'

/** `outrigger inject` */
export async function run(call: Call): Promise<number> {
  const context = await contextOf(call)
  if (!context.ok) {
    if ('report' in context) call.io.stderr.write(context.report)
    else wrongUsage(call, 'inject', context.message)
    return 2
  }
  return editManifests(call, 'inject', document => injected(document, context))
}

function injected({ value, kind, yaml }: ManifestDocument, settings: Settings): Transformed {
  if (kind === 'compose') {
    const context = { ...settings.contextFor(undefined), tags: tagsOf(yaml, value) }
    const { patch, findings, status } = injectCompose(value, settings.catalogue, context)
    return { patch, findings, results: status.map(serviceResultOf) }
  }
  const { patch, findings, status } = injectObjects(value, settings)
  return {
    patch,
    findings,
    results: status.map(each =>
      resultOf(
        each,
        patch.filter(({ path }) => path.startsWith(`${pointer(each.path)}/`)),
        settings.catalogue,
      ),
    ),
  }
}

/** Each object of a List has its own namespace. */
function injectObjects(value: Json, { catalogue, contextFor }: Settings): Injection {
  const objects = new Map(workloads(value).map(({ object }) => [pointer(object), object]))
  const parts = [...objects.values()].map(path => injectObject(value, path, catalogue, contextFor))
  return {
    patch: parts.flatMap(({ patch }) => patch),
    findings: parts.flatMap(({ findings }) => findings),
    status: parts.flatMap(({ status }) => status),
  }
}

function injectObject(
  document: Json,
  path: Path,
  catalogue: Catalogue,
  contextFor: (namespace: string | undefined) => InjectionContext,
): Injection {
  const object = at(document, path)!
  const namespace = at(object, ['metadata', 'namespace'])
  const context = contextFor(typeof namespace === 'string' ? namespace : undefined)
  const { patch, findings, status } = inject(object, catalogue, context)
  const prefix = pointer(path)
  return {
    patch: patch.map(operation => ({ ...operation, path: prefix + operation.path })),
    findings: findings.map(finding => ({ ...finding, path: [...path, ...finding.path] })),
    status: status.map(each => ({ ...each, path: [...path, ...each.path] })),
  }
}
