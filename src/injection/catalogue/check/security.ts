import type { Problem } from '../../../kernel/config/problem.ts'
import { at, isObject, type Json, type JsonObject, type Path } from '../../../manifests/json.ts'
import type { Waiver } from '../entry.ts'
import { usesOf } from '../values.ts'
import { fault, mappingsOf } from './fault.ts'

interface Demand {
  readonly field: string
  readonly expected: string
  readonly holds: (context: JsonObject) => boolean
}

/** Pod Security "restricted" (https://kubernetes.io/docs/concepts/security/pod-security-standards/) of one container. */
const DEMANDS: readonly Demand[] = [
  {
    field: 'allowPrivilegeEscalation',
    expected: 'false',
    holds: c => c['allowPrivilegeEscalation'] === false,
  },
  { field: 'runAsNonRoot', expected: 'true', holds: c => c['runAsNonRoot'] === true && c['runAsUser'] !== 0 },
  {
    field: 'capabilities.drop',
    expected: '[ALL]',
    holds: c => listAt(c, ['capabilities', 'drop']).includes('ALL'),
  },
  {
    field: 'capabilities.add',
    expected: 'nothing but NET_BIND_SERVICE',
    holds: c => listAt(c, ['capabilities', 'add']).every(each => each === 'NET_BIND_SERVICE'),
  },
  {
    field: 'seccompProfile.type',
    expected: 'RuntimeDefault or Localhost',
    holds: c => ['RuntimeDefault', 'Localhost'].includes(String(at(c, ['seccompProfile', 'type']))),
  },
  { field: 'privileged', expected: 'false', holds: c => c['privileged'] !== true },
  { field: 'procMount', expected: 'Default', holds: c => (c['procMount'] ?? 'Default') === 'Default' },
  // Not of Pod Security, but what a sidecar writes belongs into a volume with a limit.
  { field: 'readOnlyRootFilesystem', expected: 'true', holds: c => c['readOnlyRootFilesystem'] === true },
]

/** Kinds of volumes that "restricted" lets a pod have. */
const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/** The waivers of an entry; those that nothing needed are told in the end. */
export class Waivers {
  readonly #used = new Set<Waiver>()
  readonly #all: readonly Waiver[]

  constructor(all: readonly Waiver[]) {
    this.#all = all
  }

  /** `field` as `securityContext.runAsNonRoot`, `of` as `containers[envoy]`. */
  covers(of: string, field: string): boolean {
    const waiver = this.#all.find(each => each.field === field || each.field === `${of}.${field}`)
    if (waiver === undefined) return false
    this.#used.add(waiver)
    return true
  }

  unused(): Problem[] {
    return this.#all.flatMap((waiver, i) =>
      this.#used.has(waiver)
        ? []
        : [fault(['waivers', i, 'field'], 'nothing needs this waiver', 'remove it')],
    )
  }
}

export function securityProblems(container: JsonObject, of: string, path: Path, waivers: Waivers): Problem[] {
  const context = container['securityContext']
  const here = [...path, 'securityContext']
  if (!isObject(context)) {
    if (waivers.covers(of, 'securityContext')) return []
    return [
      fault(
        path,
        'securityContext is missing',
        'Pod Security "restricted" needs it; docs/catalog.md shows one',
      ),
    ]
  }
  const template = usesOf(context, here)[0]
  if (template !== undefined)
    return [fault(template.path, 'what the sidecar may do is written out, and no matter of parameters')]
  return DEMANDS.flatMap(({ field, expected, holds }): Problem[] => {
    if (holds(context) || waivers.covers(of, `securityContext.${field}`)) return []
    const hint = `mend it, or waive ${of}.securityContext.${field} with a reason`
    return [
      fault([...here, ...field.split('.')], `Pod Security "restricted" expects ${field}: ${expected}`, hint),
    ]
  })
}

export function volumeProblems(volumes: Json | undefined, waivers: Waivers): Problem[] {
  return mappingsOf(volumes, ['volumes']).flatMap(({ value, path }): Problem[] => {
    const kind = Object.keys(value).find(key => key !== 'name' && !key.startsWith('$'))
    if (kind === undefined)
      return [fault(path, 'it says nothing of what it is', 'such as emptyDir: {sizeLimit: 64Mi}')]
    if (!VOLUMES.includes(kind) && !waivers.covers(`volumes[${value['name']}]`, kind))
      return [fault([...path, kind], `Pod Security "restricted" has no volumes of the kind ${kind}`)]
    if (kind === 'emptyDir' && at(value, ['emptyDir', 'sizeLimit']) === undefined)
      return [
        fault([...path, kind], 'sizeLimit is missing', 'without it the volume can fill the disk of the node'),
      ]
    return []
  })
}

function listAt(value: JsonObject, path: Path): readonly Json[] {
  const list = at(value, path)
  return Array.isArray(list) ? list : []
}
