import { stringify } from 'yaml'
import {
  ADMIN_PORT,
  CATALOGUE_FOLDER,
  CERTIFICATE_FOLDER,
  type InstallOptions,
  LEASE_NAME,
  MESH_PORT,
  NAME,
  SECRET_NAME,
} from './options.ts'

/** The controller's own file, as the ConfigMap holds it. */
export function configurationText(options: InstallOptions): string {
  const { namespace, port, timeoutSeconds, certificates, failClosed, adopt, evict, catalogue, mesh } = options
  const certificate =
    certificates.kind === 'self'
      ? {
          self: {
            secret: SECRET_NAME,
            names: [`${NAME}.${namespace}.svc`, `${NAME}.${namespace}.svc.cluster.local`],
            webhookConfiguration: NAME,
          },
        }
      : {
          files: { certificate: `${CERTIFICATE_FOLDER}/tls.crt`, key: `${CERTIFICATE_FOLDER}/tls.key` },
        }
  return stringify(
    {
      admin: { public: `0.0.0.0:${ADMIN_PORT}` },
      cluster: { lease: LEASE_NAME },
      injection: {
        listen: `0.0.0.0:${port}`,
        certificate,
        // An API server that has waited its time does not read the answer any more.
        timeout: `${Math.max(1, timeoutSeconds - 1)}s`,
        ...(catalogue !== undefined && { catalog: [CATALOGUE_FOLDER] }),
        ...(failClosed && { onFailure: 'deny' }),
        ...(adopt && { adopt: true }),
      },
      ...(mesh !== undefined && { mesh: { listen: `0.0.0.0:${MESH_PORT}`, trustDomain: mesh } }),
      watchdog: evict ? { evict: {} } : {},
    },
    { lineWidth: 0 },
  )
}
