import type { Delivery, DeliveryHost } from '../delivery.ts'
import { Gathering } from '../gathering.ts'
import { WrittenDelivery } from '../written-delivery.ts'
import type { EnvironmentDeliveryConfig } from './config.ts'

/** Variables of the supervised application: those of its start, and from then on those of its next start. */
export async function openEnvironmentDelivery(
  name: string,
  config: EnvironmentDeliveryConfig,
  host: DeliveryHost,
): Promise<Delivery> {
  const contents = new Map<string, Awaited<ReturnType<DeliveryHost['contentOf']>>>()
  for (const [variable, content] of Object.entries(config.variables))
    contents.set(variable, await host.contentOf(content, `${name}/${variable}`))
  const gathering = new Gathering(name, contents, host, texts => {
    const torn = [...texts].find(([, bytes]) => bytes.includes(0))
    if (torn !== undefined)
      return delivery.note(
        false,
        `${torn[0]}: a variable cannot hold a zero byte; deliver it as a file instead`,
      )
    host.supervision?.provide(
      Object.fromEntries([...texts].map(([variable, bytes]) => [variable, Buffer.from(bytes).toString()])),
    )
    // The first ones are there before the application is.
    delivery.note(delivery.isReady, undefined)
  })
  const delivery = new WrittenDelivery(
    {
      name,
      kind: 'environment',
      target: Object.keys(config.variables).join(', '),
      renditions: () => gathering.renditions,
      says: 'the application’s next start has new variables',
      start: () => gathering.start(),
      end: () => gathering[Symbol.dispose](),
    },
    host,
  )
  return delivery
}
