import type { KubernetesObject } from '../../../../backends/kubernetes/resources.ts'
import type { TextFilter } from '../../text-patterns.ts'

/** What is known of a pod. */
export interface Pod {
  readonly name?: string
  readonly namespace?: string
  readonly uid?: string
  readonly ip?: string
  readonly node?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** By name. */
  readonly containers?: Readonly<Record<string, ContainerStatus>>
}

export interface ContainerStatus {
  readonly id?: string
  readonly image?: string
  readonly imageId?: string
}

/** A pod as the API server has it, without what nobody asks for: a node's pods are held in memory. Longer annotations are left out. */
export function podOf(object: KubernetesObject, maxAnnotation: number): Pod {
  const {
    metadata = {},
    spec,
    status,
  } = object as {
    metadata?: KubernetesObject['metadata']
    spec?: { nodeName?: string }
    status?: { podIP?: string; containerStatuses?: unknown; initContainerStatuses?: unknown }
  }
  const statuses = [status?.initContainerStatuses, status?.containerStatuses].flatMap(list =>
    Array.isArray(list) ? (list as Readonly<Record<string, string | undefined>>[]) : [],
  )
  return defined({
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    ip: status?.podIP,
    node: spec?.nodeName,
    labels: metadata.labels ?? {},
    annotations: Object.fromEntries(
      Object.entries(metadata.annotations ?? {}).filter(([, text]) => text.length <= maxAnnotation),
    ),
    containers: Object.fromEntries(
      statuses.map(({ name, containerID, image, imageID }) => [
        name ?? '',
        defined({ id: containerID?.replace(/^.*:\/\//, ''), image, imageId: imageID }),
      ]),
    ),
  })
}

/** The fields of a record that tell of a pod and one of its containers, under the names that Fluent Bit has made usual. */
export function podFields(
  pod: Pod,
  container: { readonly name?: string; readonly id?: string },
  labels: TextFilter,
  annotations: TextFilter,
): Record<string, unknown> {
  const status = container.name === undefined ? undefined : pod.containers?.[container.name]
  return defined({
    pod_name: pod.name,
    namespace_name: pod.namespace,
    pod_id: pod.uid,
    pod_ip: pod.ip,
    host: pod.node,
    container_name: container.name,
    docker_id: container.id ?? status?.id,
    container_image: status?.image,
    container_hash: status?.imageId,
    labels: selected(pod.labels, labels),
    annotations: selected(pod.annotations, annotations),
  })
}

/** What a pod says in an annotation of a record's stream, container, or both, or of all its records: the closest first. */
export function annotated(
  { annotations = {} }: Pod,
  annotation: string,
  container: string | undefined,
  stream: string | undefined,
): readonly string[] {
  const behindContainer = container === undefined ? [''] : [`-${container}`, '']
  const behindStream = stream === undefined ? [''] : [`_${stream}`, '']
  return behindContainer.flatMap(container =>
    behindStream.flatMap(stream => annotations[annotation + stream + container] ?? []),
  )
}

/** Whether an annotation says yes. */
export function isYes(text: string): boolean {
  return /^(?:true|on|yes|1)$/i.test(text)
}

function selected(
  values: Readonly<Record<string, string>> | undefined,
  isMeant: TextFilter,
): Readonly<Record<string, string>> | undefined {
  const chosen = Object.entries(values ?? {}).filter(([name]) => isMeant(name))
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen)
}

function defined<T extends object>(fields: { readonly [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
