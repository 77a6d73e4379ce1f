import { noRsyslog, Rsyslog } from '../fakes/rsyslog/server.ts'
import { type Destination, folderOf } from './destination.ts'

export const syslog: Destination = {
  kind: 'syslog',
  missing: noRsyslog,
  async start(t) {
    const rsyslog = await Rsyslog.start(t, await folderOf(t))
    const arrived = async () =>
      (await rsyslog.messages()).map(({ msg }) => JSON.parse((msg ?? '').trim()).n as number)
    // The whole record: that of the chaos test has a message of its own.
    const options = { url: `tcp://127.0.0.1:${rsyslog.port}`, message: '{none}', flushInterval: '50ms' }
    return { options, arrived, peer: rsyslog }
  },
}
