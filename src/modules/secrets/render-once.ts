import { entryNames } from '../../kernel/config/entry-names.ts'
import type { Host } from '../../kernel/module.ts'
import type { SecretsConfig } from './config.ts'
import { contentsOf } from './deliveries/kinds.ts'
import { SecretService } from './service.ts'
import { openContent } from './templates/open-content.ts'
import { Rendition } from './templates/rendition.ts'

/** One text of a delivery, as it would be written now. */
export interface RenderedOnce {
  readonly delivery: string
  /** A path, or the name of a variable. */
  readonly target: string
  /** Absent when it could not be made in time. */
  readonly bytes?: Uint8Array
  readonly problem?: string
  readonly secrets: readonly string[]
}

/** Makes every text of a configuration once, and delivers none. What is leased for it is left to end by itself. */
export async function renderOnce(
  config: SecretsConfig,
  host: Host,
  timeoutMs: number,
): Promise<RenderedOnce[]> {
  const service = await SecretService.open({ ...config, deliveries: [] }, host)
  const names = entryNames(config.deliveries)
  const context = { sources: service.sources.names, env: host.env, now: () => host.clock.now() }
  const placed = config.deliveries.flatMap((delivery, index) =>
    contentsOf(delivery).map(({ path, content }) => ({
      delivery: names[index]!,
      target: targetOf(delivery, path),
      content,
    })),
  )
  return await Promise.all(
    placed.map(async ({ delivery, target, content }) => {
      const opened = await openContent(content, delivery, context)
      const rendered = Promise.withResolvers<Uint8Array>()
      using rendition = new Rendition({
        content: opened,
        table: service.table,
        clock: host.clock,
        // They are not written either.
        takesFiles: true,
        onText: (bytes, files) => {
          for (const file of files) file.bytes.fill(0)
          rendered.resolve(bytes)
        },
        onPass: () => {},
      })
      rendition.start()
      const bytes = await Promise.race([
        rendered.promise,
        host.clock.sleep(timeoutMs, host.signal).then(() => undefined),
      ])
      const { state } = rendition
      const secrets = rendition.secrets.map(({ name }) => name)
      if (bytes !== undefined) return { delivery, target, bytes, secrets }
      return {
        delivery,
        target,
        problem: state.state === 'rendered' ? 'took too long' : state.message,
        secrets,
      }
    }),
  )
}

function targetOf(
  { kind, config }: SecretsConfig['deliveries'][number],
  path: readonly (string | number)[],
): string {
  switch (kind) {
    case 'file':
      return config.path
    case 'folder':
      return `${config.path}/${config.files[Number(path[1])]!.name}`
    default:
      return String(path[1] ?? kind)
  }
}
