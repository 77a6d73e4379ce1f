import type { Json, Path } from '../../manifests/json.ts'
import type { Plan } from './plan.ts'
import { listOf, type NamedContainer, type Pod } from './pod.ts'
import { fail } from './refusal.ts'

/** All containers of a pod have one network: a port that two of them want starts only one. */
export function assertPortsFree(pod: Pod, plans: readonly Plan[]): void {
  const taken = new Map<string, { owner: string; path: Path }>()
  const staying = pod.initContainers
    .map((container, index) => ({ container, path: ['spec', 'initContainers', index] as Path }))
    .filter(({ container }) => container['restartPolicy'] === 'Always')
  const apps = pod.containers.map((container, index) => ({
    container,
    path: ['spec', 'containers', index] as Path,
  }))
  for (const { container, path } of [...staying, ...apps])
    for (const key of portKeys(container)) taken.set(key, { owner: container.name, path: [...path, 'ports'] })
  for (const plan of plans) {
    for (const { container } of [...plan.initContainers, ...plan.containers]) {
      if (
        plan.initContainers.some(each => each.container === container) &&
        container['restartPolicy'] !== 'Always'
      )
        continue
      for (const key of portKeys(container)) {
        const other = taken.get(key)
        if (other !== undefined)
          fail(
            'port_collision',
            other.path,
            `${plan.entry.name} and the container ${other.owner} both listen on port ${key}`,
            `give ${plan.entry.name} another port: outrigger catalog show ${plan.entry.name} lists its parameters`,
          )
        taken.set(key, { owner: container.name, path: ['spec', 'containers'] })
      }
    }
  }
}

function portKeys(container: NamedContainer): string[] {
  const key = (port: Json | undefined, protocol: Json | undefined): string[] =>
    typeof port === 'number' ? [`${port}/${typeof protocol === 'string' ? protocol : 'TCP'}`] : []
  return [
    ...new Set(
      listOf(container['ports']).flatMap(({ containerPort, protocol }) => key(containerPort, protocol)),
    ),
  ]
}
