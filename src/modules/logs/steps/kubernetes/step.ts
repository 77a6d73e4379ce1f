import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import { keyPathOf } from '../../../../wire/json/path.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { fieldPath } from '../../condition/field.ts'
import { compilePatterns, type TextFilter } from '../../text-patterns.ts'
import type { Step, StepHost } from '../step.ts'
import type { KubernetesConfig } from './config.ts'
import { type ContainerFile, containerFileOf } from './container-file.ts'
import { nodePods } from './node-pods.ts'
import { OwnPod } from './own-pod.ts'
import { annotated, isYes, type Pod, podFields } from './pod.ts'

/** How many paths and tags are remembered with what they come to. */
const MAX_SOURCES = 10_000

interface Source {
  readonly file: ContainerFile | undefined
  /** What its name tells. */
  readonly told: Pod
  /** What `raw` was made of. */
  pod: Pod | undefined
  raw: Buffer
}

/** Adds what is known of the record's pod, and drops the records of pods that opted out. */
export function kubernetesStep(config: KubernetesConfig, host: StepHost, dropped: Counter): Step {
  const { api, ownPod, excludeAnnotation, suggestion } = config
  const into = keyPathOf(fieldPath(config.into))
  const suggested = suggestion && keyPathOf(fieldPath(suggestion.into))
  const stream = keyPathOf(['stream'])
  const own = new OwnPod(config.podInfo, host.env, host.clock)
  const pods = api === undefined || host.offline ? undefined : nodePods(api, host)
  const unknown = host.metrics
    .counter(
      'kubernetes_unknown_pods_total',
      'Records whose pod the API server has not told of (yet); they have what path, tag, files and environment tell.',
      ['input'],
    )
    .with(host.owner)
  const fieldsOf = fields(config)
  const sources = new Map<string, Source>()
  const value = new ValueSpan()
  return (record, event) => {
    const source = sourceOf(sources, event.path, event.tag)
    if (source.file === undefined && !ownPod) return true
    const told = source.file === undefined || isOf(source.told, own.pod) ? own.pod : source.told
    const fromApi = told.name === undefined ? undefined : pods?.get(told.namespace ?? '', told.name)
    if (pods !== undefined && fromApi === undefined) unknown.inc()
    const pod = fromApi ?? told
    const says = (annotation: string) => {
      const container = source.file?.container ?? config.container
      return annotated(pod, annotation, container, record.locate(stream, value) ? value.asText() : undefined)
    }
    if (excludeAnnotation !== undefined && says(excludeAnnotation).some(isYes)) {
      dropped.inc()
      return false
    }
    const name = suggestion && says(suggestion.annotation)[0]
    if (name !== undefined) record.set(suggested!, Buffer.from(JSON.stringify(name)))
    // A pod is the same object until it changes.
    if (source.pod !== pod) {
      source.pod = pod
      source.raw = fieldsOf(pod, source.file)
    }
    record.set(into, source.raw)
    return true
  }
}

function fields({ labels, annotations, container }: KubernetesConfig) {
  const [isLabel, isAnnotation]: TextFilter[] = [labels, annotations].map(compilePatterns)
  return (pod: Pod, file: ContainerFile | undefined): Buffer => {
    const name = file?.container ?? container
    const of = {
      ...(name !== undefined && { name }),
      ...(file?.containerId !== undefined && { id: file.containerId }),
    }
    return Buffer.from(JSON.stringify(podFields(pod, of, isLabel, isAnnotation)))
  }
}

/** Files of this pod itself may be read through a shared folder: then more is known of it. */
function isOf(told: Pod, own: Pod): boolean {
  return told.name === own.name && told.namespace === own.namespace
}

function sourceOf(sources: Map<string, Source>, path: string, tag: string): Source {
  const key = `${path}\n${tag}`
  let source = sources.get(key)
  if (source === undefined) {
    if (sources.size >= MAX_SOURCES) sources.clear()
    const file = containerFileOf(path, tag)
    source = { file, told: file === undefined ? {} : podIn(file), pod: undefined, raw: Buffer.alloc(0) }
    sources.set(key, source)
  }
  return source
}

function podIn({ pod: name, namespace, uid }: ContainerFile): Pod {
  return { name, namespace, ...(uid !== undefined && { uid }) }
}
