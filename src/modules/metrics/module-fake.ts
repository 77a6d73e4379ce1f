import assert from 'node:assert/strict'
import { fakeHost } from '../../kernel/host-fake.ts'
import { metricsConfig } from './config.ts'
import { metrics } from './module.ts'

/** For tests: the module with one output, in a process that has a counter and a gauge beside the module's own metrics. */
export async function startMetrics(output: Readonly<Record<string, object>>) {
  const decoded = metricsConfig.decode({ outputs: [output] })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  const host = fakeHost({ name: 'metrics' })
  const shop = host.registry.view('shop')
  const orders = shop.counter('orders_total', 'Orders.', ['kind'])
  const stock = shop.gauge('stock_items', 'Items.', ['item'])
  const running = await metrics.start(decoded.value, host)
  return { host, running, orders, stock }
}
