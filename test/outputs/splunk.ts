import { type IndexedEvent, startFakeSplunk } from '../fakes/splunk/server.ts'
import { type Destination, restartable } from './destination.ts'

function to(format: 'event' | 'raw', acknowledge: boolean): Destination {
  return {
    kind: 'splunk',
    name: `splunk, ${format}${acknowledge ? ', acknowledged' : ''}`,
    async start(t) {
      const numbers: number[] = []
      const onEvent = ({ event }: IndexedEvent) => {
        const record = typeof event === 'string' ? JSON.parse(event) : event
        numbers.push(record.n)
      }
      const more = acknowledge ? { acknowledgesAfter: 0 } : {}
      const { port, peer } = await restartable(t, port =>
        startFakeSplunk({ port, token: 'secret', onEvent, ...more }),
      )
      // Whole records, so that each has its number.
      const line = format === 'raw' ? { eventField: 'gone' } : {}
      const options = { url: `http://127.0.0.1:${port}`, token: 'secret', format, acknowledge, ...line }
      return { options, arrived: async () => numbers, peer }
    },
  }
}

export const splunk: readonly Destination[] = [to('event', false), to('event', true), to('raw', false)]
