import type { CertificateSource } from '../../../http/tls/certificate.ts'
import { formatAddress } from '../../../kernel/config/address.ts'
import type { Health, Host, Module } from '../../../kernel/module.ts'
import { checks } from '../../../lint/checks/index.ts'
import type { JsonObject } from '../../../manifests/json.ts'
import { inject, statusOf } from '../../kubernetes/inject.ts'
import { admissionService } from '../../webhook/admission-service.ts'
import { ReviewMetrics } from '../../webhook/metrics.ts'
import { workloadFindings } from '../../webhook/workload-findings.ts'
import { webhookCertificates } from '../certificates/webhook-certificates.ts'
import type { Cluster } from '../cluster/module.ts'
import type { MeshOffer } from '../mesh/module.ts'
import { meshSettings } from '../mesh/settings.ts'
import type { ControllerParts } from '../registry.ts'
import { CertificateFiles } from './certificate-files.ts'
import { checkInjection, type InjectionConfig, injectionConfig } from './config.ts'
import { openHttpsListener } from './https-listener.ts'
import { LiveCatalogue } from './live-catalogue.ts'

/** What the watchdog asks of injection. */
export interface InjectionOffer {
  readonly catalogue: LiveCatalogue
}

/** The admission webhook, on the catalogue and the namespaces as they are at the moment of a review. */
export function injectionModule(parts: ControllerParts): Module<InjectionConfig, InjectionOffer> {
  return {
    name: 'injection',
    config: injectionConfig,
    needs: ['cluster', 'mesh'],
    check: checkInjection,
    async start(config, host) {
      const { clock, log, scope } = host
      const cluster = offered<Cluster>(host, 'cluster')
      const mesh = offered<MeshOffer>(host, 'mesh')
      const catalogue = scope.use(await LiveCatalogue.open(config.catalog, parts.builtInCatalogue, host))
      const certificates = await openCertificates(config, host, cluster)
      const used = checks.filter(({ id }) => config.checks.includes(id))
      const knowledge = () => {
        const { catalogue: entries, version } = catalogue.edition
        const kubernetes = cluster?.version()
        const context = {
          ...(kubernetes && { kubernetes }),
          ...(config.adopt && { adopt: true }),
          settings: { ...(mesh && meshSettings(mesh, entries)), ...config.settings },
        }
        const namespace = (name: string) => cluster?.namespaces.get('', name)
        return {
          ...{ version, catalogue: entries, context, namespace, inject, onFailure: config.onFailure },
          present: presentIn,
          lint: (document: JsonObject, place: string) => {
            const around = namespace(place)
            return workloadFindings(document, {
              ...{ catalogue: entries, checks: used },
              context: { ...context, ...(around && { namespace: around }) },
            })
          },
        }
      }
      const listener = await openHttpsListener(
        config.listen,
        certificates,
        admissionService({
          ...{ knowledge, clock, log, metrics: new ReviewMetrics(host.metrics) },
          ...{
            maxBodyBytes: config.maxBodyBytes,
            timeoutMs: config.timeoutMs,
            maxReviews: config.maxReviews,
          },
        }),
        host,
      )
      log.info('listening', `reviews are taken at ${formatAddress(listener.address)}`, {
        address: formatAddress(listener.address),
      })
      host.admin.get('/injection', 'The catalogue in use, and the certificate', (_, response) => {
        const { version, problem, catalogue: inUse } = catalogue.edition
        const entries = inUse.entries.map(({ name, version, hash, required }) => ({
          name,
          version,
          hash,
          required,
        }))
        const expires = certificates.current()?.notAfterMs
        const body = {
          catalogue: { version, entries, ...(problem !== '' && { rejected: problem }) },
          certificate: expires === undefined ? null : { expires: new Date(expires).toISOString() },
        }
        response.send(200, { 'Content-Type': 'application/json' }, `${JSON.stringify(body, null, 2)}\n`)
      })
      return {
        offer: { catalogue },
        health: () => healthOf(catalogue, certificates, cluster?.client.serverNow() ?? clock.now()),
        drain: (deadline, reason) => listener.drain(deadline, reason === 'ending' ? config.lingerMs : 0),
      }
    },
  }
}

/** undefined: it runs without. The cluster knows the defaults of namespaces, the mesh what sidecars need for it. */
function offered<Offer>(host: Host, module: string): Offer | undefined {
  try {
    return host.use<Offer>(module)
  } catch {
    return undefined
  }
}

async function openCertificates(
  { certificate }: InjectionConfig,
  host: Host,
  cluster: Cluster | undefined,
): Promise<CertificateSource> {
  const expiry = host.metrics
    .gauge('certificate_expires_seconds', 'When the certificate ends, as Unix time.')
    .with()
  const source = await open()
  host.metrics.onCollect(() => expiry.set((source.current()?.notAfterMs ?? 0) / 1000))
  return source

  async function open(): Promise<CertificateSource> {
    if (certificate.kind === 'files')
      return host.scope.use(await CertificateFiles.open(certificate.config, host))
    if (cluster === undefined)
      throw new Error(
        'certificate.self keeps its authority in a Secret: configure cluster, too, or give files',
      )
    const { names, secret, webhookConfiguration } = certificate.config
    const own = host.scope.use(
      webhookCertificates({
        ...{ client: cluster.client, clock: host.clock, log: host.log, metrics: host.metrics },
        ...{ namespace: cluster.namespace, secret, names, configuration: webhookConfiguration },
        whileLeading: cluster.whileLeading,
      }),
    )
    const ended = new Promise<never>((_, reject) =>
      host.signal.addEventListener('abort', () => reject(host.signal.reason), { once: true }),
    )
    await Promise.race([own.ready, ended])
    return own
  }
}

function presentIn(pod: JsonObject): ReadonlySet<string> {
  const [status] = statusOf(pod)
  const there = (status?.entries ?? []).filter(({ state }) => state !== 'missing')
  return new Set(there.map(({ name }) => name))
}

function healthOf(catalogue: LiveCatalogue, certificates: CertificateSource, nowMs: number): Health {
  const { problem } = catalogue.edition
  const certificate = certificates.current()
  if (certificate === undefined)
    return { ready: false, state: 'degraded', message: 'waits for its certificate' }
  if (certificate.notAfterMs <= nowMs)
    return { ready: false, state: 'failed', message: 'the certificate has ended; API servers refuse it' }
  if (problem !== '')
    return {
      ready: true,
      state: 'degraded',
      message: `a later catalogue has mistakes: ${problem.split('\n')[0]}`,
    }
  const leftMs = certificate.notAfterMs - nowMs
  if (leftMs < (certificate.notAfterMs - certificate.notBeforeMs) / 20)
    return { ready: true, state: 'degraded', message: 'the certificate ends soon and is not renewed' }
  return { ready: true, state: 'ok' }
}
