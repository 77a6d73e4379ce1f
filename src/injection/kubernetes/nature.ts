import { at, isObject, type JsonObject } from '../../manifests/json.ts'
import { listOf } from './pod.ts'
import { skip } from './refusal.ts'

/** Pods that no sidecar is put into, whatever is asked: the kubelet's own, and those of another operating system. */
export function refuseByNature(template: JsonObject): void {
  const annotations = at(template, ['metadata', 'annotations'])
  const path = ['metadata', 'annotations']
  if (isObject(annotations)) {
    if (annotations['kubernetes.io/config.mirror'] !== undefined)
      skip('mirror_pod', path, 'this is the mirror of a static pod: changing it has no effect')
    const source = annotations['kubernetes.io/config.source']
    if (source === 'file' || source === 'http')
      skip('static_pod', path, 'this is a static pod: the kubelet takes it from its node alone')
  }
  const owners = listOf(at(template, ['metadata', 'ownerReferences']))
  if (owners.some(({ kind }) => kind === 'Node'))
    skip('static_pod', ['metadata', 'ownerReferences'], 'this pod belongs to a node: it is a static one')
  const system =
    at(template, ['spec', 'os', 'name']) ?? at(template, ['spec', 'nodeSelector', 'kubernetes.io/os'])
  if (system === 'windows')
    skip('windows_pod', ['spec'], 'this pod runs on Windows, for which the catalogue has no sidecars')
}
