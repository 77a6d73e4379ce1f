import { brokerTests, KafkaBroker, withoutBroker } from '../fakes/kafka/broker.ts'
import type { Destination } from './destination.ts'

const broker: Destination = {
  kind: 'kafka',
  missing: withoutBroker || undefined,
  async start(t) {
    const kafka = await KafkaBroker.start(t)
    return {
      options: { brokers: [`127.0.0.1:${kafka.port}`] },
      arrived: async () => (await kafka.messages('logs')).map(({ value }) => JSON.parse(value).n),
      peer: kafka,
    }
  },
}

export const kafka: readonly Destination[] = brokerTests ? [broker] : []
