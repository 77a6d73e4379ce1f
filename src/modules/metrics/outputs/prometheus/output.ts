import { createHttpServer } from '../../../../http/server/server.ts'
import { formatAddress } from '../../../../kernel/config/address.ts'
import { errorText } from '../../../../kernel/log/format.ts'
import { openMetricsText, prometheusText } from '../../../../wire/prometheus/exposition.ts'
import { negotiateExposition } from '../../../../wire/prometheus/negotiate.ts'
import { FamilySelector } from '../../selection.ts'
import type { OpenOutput } from '../output.ts'
import type { PrometheusConfig } from './config.ts'

/** An HTTP listener that has nothing but the metrics. */
export const openPrometheus: OpenOutput<PrometheusConfig> = async (config, host, { name, key }) => {
  const selector = new FamilySelector(config)
  const scrapes = host.metrics
    .counter('scrapes_total', 'Times that metrics were asked for.', ['output'])
    .with(name)
  const server = createHttpServer({
    clock: host.clock,
    limits: { maxConnections: 256 },
    handler: (request, response) => {
      const plain = { 'Content-Type': 'text/plain' }
      if (request.path !== config.path)
        return response.send(404, plain, `the metrics are at ${config.path}\n`)
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return response.send(405, { ...plain, Allow: 'GET, HEAD' }, '')
      scrapes.inc()
      const { format, contentType } = negotiateExposition(request.headers.get('accept'))
      const families = selector.select(host.exposition(), config.timestamps ? host.clock.now() : undefined)
      const text = format === 'text' ? prometheusText(families) : openMetricsText(families)
      response.send(200, { 'Content-Type': contentType, Vary: 'Accept', 'Cache-Control': 'no-store' }, text)
    },
    onError: (error, request) =>
      host.log.error('request_failed', `${request.method} ${request.path} failed`, { error }),
  })
  host.scope.defer(() => server.close())
  try {
    const { address } = await host.listen(config.listen, server.accept)
    const text = formatAddress(address)
    host.log.info('listening', `metrics are at http://${text}${config.path}`, { output: name, address: text })
  } catch (error) {
    throw new Error(`${key}.listen: ${errorText(error)}`, { cause: error })
  }
  return { health: () => ({ ready: true, state: 'ok' }) }
}
