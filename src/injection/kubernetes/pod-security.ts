import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { listOf } from './pod.ts'

/** Of the label pod-security.kubernetes.io/enforce of a namespace. */
export type PodSecurityLevel = 'privileged' | 'baseline' | 'restricted'

const BASELINE_CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

/**
 * The fields of a container for which a namespace that enforces the level would refuse the pod
 * (kubernetes.io/docs/concepts/security/pod-security-standards). `podContext` is the pod's securityContext: two of the
 * fields may be set there.
 */
export function podSecurityGaps(
  container: JsonObject,
  podContext: Json | undefined,
  level: PodSecurityLevel,
): string[] {
  if (level === 'privileged') return []
  const own = container['securityContext']
  const ask = (...path: string[]): Json | undefined => at(own, path)
  const added = ask('capabilities', 'add')
  const capabilities = Array.isArray(added) ? added.map(String) : []
  const gaps: string[] = []
  const allowed = (name: string): boolean =>
    level === 'restricted' ? name === 'NET_BIND_SERVICE' : BASELINE_CAPABILITIES.has(name)
  if (ask('privileged') === true) gaps.push('privileged')
  if (!capabilities.every(allowed)) gaps.push('capabilities.add')
  if (listOf(container['ports']).some(({ hostPort }) => typeof hostPort === 'number' && hostPort > 0))
    gaps.push('ports.hostPort')
  if (level === 'baseline') return gaps
  const inherited = (...path: string[]): Json | undefined => ask(...path) ?? at(podContext, path)
  if (ask('allowPrivilegeEscalation') !== false) gaps.push('allowPrivilegeEscalation')
  const dropped = ask('capabilities', 'drop')
  if (!(Array.isArray(dropped) && dropped.includes('ALL'))) gaps.push('capabilities.drop')
  if (inherited('runAsNonRoot') !== true) gaps.push('runAsNonRoot')
  if (inherited('runAsUser') === 0) gaps.push('runAsUser')
  if (!['RuntimeDefault', 'Localhost'].includes(String(inherited('seccompProfile', 'type'))))
    gaps.push('seccompProfile')
  return gaps
}

/** What the namespace enforces; nothing is enforced where no label says so. */
export function enforcedLevel(labels: Readonly<Record<string, string>> | undefined): PodSecurityLevel {
  const level = isObject(labels) ? labels['pod-security.kubernetes.io/enforce'] : undefined
  return level === 'baseline' || level === 'restricted' ? level : 'privileged'
}
