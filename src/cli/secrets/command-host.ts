import { RouteTable } from '../../kernel/admin/routes.ts'
import type { Clock } from '../../kernel/clock/clock.ts'
import { openHost } from '../../kernel/lifecycle/host.ts'
import { LoopShare } from '../../kernel/lifecycle/turns.ts'
import { textLine } from '../../kernel/log/format.ts'
import { Logger } from '../../kernel/log/logger.ts'
import { Registry } from '../../kernel/metrics/registry.ts'
import type { Host } from '../../kernel/module.ts'
import { Ports } from '../../kernel/sockets.ts'
import type { Call } from '../call.ts'

/** A host for the module of secrets in a command: its problems go to stderr, nothing is served or counted. */
export function commandHost(
  { io }: Call,
  clock: Clock,
  dataDir: string,
): AsyncDisposable & { readonly host: Host } {
  const logger = new Logger({ write: line => io.stderr.write(line), format: textLine(false), clock })
  logger.level = 'warn'
  const share = new LoopShare()
  const open = openHost('secrets', {
    logger,
    clock,
    env: io.env,
    registry: new Registry(),
    ports: new Ports(),
    routes: new RouteTable(),
    share: () => share.module(() => {}),
    dataDir: () => dataDir,
    offer: name => {
      throw new Error(`module ${name} does not run`)
    },
  })
  return { host: open.host, [Symbol.asyncDispose]: () => open.close() }
}
