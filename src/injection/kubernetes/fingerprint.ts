import { isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { parseQuantity } from '../../manifests/quantity.ts'
import { sha256 } from '../../wire/sha256/sha256.ts'
import type { Fingerprint } from './injection.ts'

/** Deeper than any field of a container. What is deeper is told apart by nothing. */
const MAX_DEPTH = 32

/** What an API server writes into a container that leaves it out (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go). */
const DEFAULTS: Readonly<Record<string, Json>> = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  protocol: 'TCP',
  scheme: 'HTTP',
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
  apiVersion: 'v1',
  defaultMode: 420,
  expirationSeconds: 3600,
}
const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

export function fingerprint(container: JsonObject): Fingerprint {
  const key = JSON.stringify(container)
  let known = KNOWN.get(key)
  if (known === undefined) {
    known = fingerprintAnew(container)
    if (KNOWN.size >= MAX_KNOWN) KNOWN.delete(KNOWN.keys().next().value!)
    KNOWN.set(key, known)
  }
  return known
}

/** Replicas bring the same sidecar again and again; writing it down costs a tenth of what its fingerprint does. */
const KNOWN = new Map<string, Fingerprint>()
const MAX_KNOWN = 256

function fingerprintAnew(container: JsonObject): Fingerprint {
  const { image, imagePullPolicy: _, restartPolicy, ...rest } = container
  const kept = restartPolicy === undefined ? rest : { ...rest, restartPolicy }
  return { image: typeof image === 'string' ? image : '', hash: sha256(contentOf(kept)).slice(0, 16) }
}

/** The same text for what an API server takes for the same. */
export function contentOf(value: Json | undefined): string {
  return value === undefined ? '' : (JSON.stringify(normal(value, '', MAX_DEPTH)) ?? '')
}

/** `docker.io/team/agent:1.2@sha256:…` → `agent`: what stays when a mirror's webhook rewrites the registry. */
export function programOf(image: string): string {
  const path = image.split('@')[0]!
  const last = path.slice(path.lastIndexOf('/') + 1)
  return last.split(':')[0]!
}

/** Keys in order, without nulls, empty things and an API server's defaults, quantities in one spelling. */
function normal(value: Json, key: string, depth: number): Json | undefined {
  if (depth === 0 || value === null) return undefined
  if (Array.isArray(value)) {
    const items = value.filter(item => !(isObject(item) && item['mountPath'] === TOKEN_MOUNT))
    const list = items.map(item => normal(item, '', depth - 1) ?? null)
    return list.length === 0 ? undefined : list
  }
  if (!isObject(value)) return Object.hasOwn(DEFAULTS, key) && DEFAULTS[key] === value ? undefined : value
  const members: [string, Json][] = []
  for (const name of Object.keys(value).sort()) {
    const quantity = key === 'requests' || key === 'limits' || name === 'sizeLimit'
    const member = quantity
      ? (parseQuantity(value[name]) ?? value[name]!)
      : normal(value[name]!, name, depth - 1)
    if (member !== undefined) members.push([name, member])
  }
  return members.length === 0 ? undefined : Object.fromEntries(members)
}
