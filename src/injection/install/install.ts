import { stringify } from 'yaml'
import type { JsonObject } from '../../manifests/json.ts'
import { type InstallOptions, LABELS, NAME } from './options.ts'
import { accessObjects } from './rbac.ts'
import { webhookObjects } from './webhooks.ts'
import { namespaceObject, workloadObjects } from './workload.ts'

/** Everything that a cluster needs to inject sidecars, in the order in which it can be applied. */
export function installObjects(options: InstallOptions): JsonObject[] {
  return [
    namespaceObject(options),
    ...accessObjects(options),
    ...certificateObjects(options),
    ...workloadObjects(options),
    ...webhookObjects(options),
  ]
}

/** As documents of YAML. */
export function manifestText(objects: readonly JsonObject[]): string {
  return objects
    .map(object => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n')
}

/** For cert-manager: it makes the certificate, and writes the authority into the webhook configurations. */
function certificateObjects({ certificates, namespace }: InstallOptions): JsonObject[] {
  if (certificates.kind !== 'cert-manager') return []
  const { issuer } = certificates
  const metadata = { name: NAME, namespace, labels: LABELS }
  const certificate: JsonObject = {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata,
    spec: {
      secretName: NAME,
      dnsNames: [`${NAME}.${namespace}.svc`, `${NAME}.${namespace}.svc.cluster.local`],
      duration: '2160h',
      renewBefore: '720h',
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
      issuerRef: { name: issuer ?? NAME, kind: 'Issuer' },
    },
  }
  if (issuer !== undefined) return [certificate]
  return [
    { apiVersion: 'cert-manager.io/v1', kind: 'Issuer', metadata, spec: { selfSigned: {} } },
    certificate,
  ]
}
