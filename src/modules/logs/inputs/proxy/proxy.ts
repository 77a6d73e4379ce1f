import type { LineIntake } from '../../../../kernel/lines/intake.ts'
import type { Input, InputHost } from '../input.ts'
import { LineSplitter } from '../split.ts'

/** Longer lines become several records; the proxy makes none, for the fields of a request are bounded. */
const MAX_LINE_BYTES = 1024 * 1024

/** Takes the lines that the proxy hands over. What the spool has not taken waits with the proxy, which bounds it. */
export function startProxyInput(host: InputHost): Input & { readonly intake: LineIntake } {
  const splitter = new LineSplitter(MAX_LINE_BYTES)
  const lines = host.metrics
    .counter('proxy_read_lines_total', 'Lines of the proxy’s access log.', ['input'])
    .with(host.name)
  return {
    rereadable: false,
    health: () => ({ ready: true, state: 'ok' }),
    drain: async () => {},
    intake: {
      async take(bytes) {
        const { next, midLine, ...split } = splitter.split({ bytes, from: 0, midLine: false, final: true })
        const origin = { input: host.name, path: 'proxy', tag: host.tag('proxy') }
        await host.sink({ bytes, ...split, readAtMs: host.clock.now(), origin })
        lines.inc(split.count)
      },
    },
  }
}
