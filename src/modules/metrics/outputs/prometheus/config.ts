import { entryName } from '../../../../kernel/config/entry-names.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { selectionFields } from '../../selection.ts'

export const prometheusConfig = s.object(
  {
    listen: s.address({
      about: 'Where Prometheus may ask for the metrics.',
      default: '127.0.0.1:9464',
      example: '0.0.0.0:9464',
    }),
    path: s.string({
      about: 'The path of the metrics.',
      default: '/metrics',
      pattern: /^\/[^?#\s]*$/,
      expected: 'a path such as /metrics',
    }),
    ...selectionFields,
    timestamps: s.boolean({
      about: 'Show with each value when it was so. Prometheus takes the time of its own question otherwise.',
      default: false,
    }),
    name: entryName,
  },
  {
    about:
      'Serves metrics for Prometheus on an address of their own, as text or OpenMetrics, over HTTP/1.1 or HTTP/2.',
  },
)

export type PrometheusConfig = Infer<typeof prometheusConfig>
