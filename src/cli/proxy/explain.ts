import { systemClock } from '../../kernel/clock/system.ts'
import type { ProxyConfig } from '../../modules/proxy/config.ts'
import type { Call } from '../commands.ts'
import { loadForCall } from '../configuration.ts'

/** `outrigger proxy explain 'GET http://checkout/cart'`: 0 = it would be answered, 1 = no route, or access denied. */
export async function run(call: Call): Promise<number> {
  const { io, values, positionals } = call
  const fail = (message: string) => {
    io.stderr.write(`outrigger proxy explain: ${message}\n`)
    return 2
  }
  const [line, ...more] = positionals
  if (line === undefined || more.length > 0)
    return fail("expected one request in quotes, such as 'GET http://checkout/cart'")
  const loaded = await loadForCall(call)
  if (!loaded.ok) {
    io.stderr.write(loaded.report)
    return 2
  }
  const configured = loaded.configuration.modules.get('proxy')
  if (configured === undefined) return fail('the configuration has no proxy')
  const { explainRequest } = await import('../../modules/proxy/explanation/explanation.ts')
  const { explanationLines } = await import('../../modules/proxy/explanation/lines.ts')
  const text = (name: string) => values[name] as string | undefined
  const [identity, address, listener] = [text('identity'), text('address'), text('listener')]
  const explained = await explainRequest(
    configured.config as ProxyConfig,
    {
      line,
      headers: (values['header'] as readonly string[] | undefined) ?? [],
      ...(identity !== undefined && { identity }),
      ...(address !== undefined && { address }),
      ...(listener !== undefined && { listener }),
    },
    systemClock(),
  )
  if ('wrong' in explained) return fail(explained.wrong)
  io.stdout.write(
    values['json'] === true
      ? `${JSON.stringify(explained, null, 2)}\n`
      : `${explanationLines(explained).join('\n')}\n`,
  )
  return explained.rule === undefined || explained.isDenied ? 1 : 0
}
