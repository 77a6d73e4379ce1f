import type { Tree } from '../tree.ts'

const PLACE = '/var/run/secrets/kubernetes.io/serviceaccount'

/** What the ServiceAccount admission plugin adds to a pod: its account, and the token in every container that lacks it. */
export function withServiceAccount(pod: Tree): Tree {
  const spec: Tree = { ...pod['spec'] }
  spec['serviceAccountName'] ??= 'default'
  spec['serviceAccount'] = spec['serviceAccountName']
  if (spec['automountServiceAccountToken'] === false) return { ...pod, spec }
  const volumes: Tree[] = [...(spec['volumes'] ?? [])]
  const known = volumes.find(volume => volume['name'].startsWith('kube-api-access-'))?.['name']
  const name = known ?? 'kube-api-access-fake1'
  let used = known !== undefined
  const mounted = (container: Tree): Tree => {
    const mounts: Tree[] = container['volumeMounts'] ?? []
    if (mounts.some(mount => mount['mountPath'] === PLACE)) return container
    used = true
    return { ...container, volumeMounts: [...mounts, { name, readOnly: true, mountPath: PLACE }] }
  }
  for (const list of ['initContainers', 'containers']) if (spec[list]) spec[list] = spec[list].map(mounted)
  if (used && known === undefined) spec['volumes'] = [...volumes, tokenVolume(name)]
  return { ...pod, spec }
}

function tokenVolume(name: string): Tree {
  const namespace = { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [namespace] } },
      ],
      defaultMode: 420,
    },
  }
}
