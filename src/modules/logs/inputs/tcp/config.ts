import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { maxMessage, streamFields } from '../network/config.ts'
import { separator, streamFraming } from '../network/framing-config.ts'

/** The options of `tcp`, beside those of the format. */
export const tcpFields = {
  ...streamFields('127.0.0.1:5170'),
  framing: streamFraming,
  separator,
  maxMessage: maxMessage(
    'A longer line comes as several records, each marked as a piece; a larger object ends the connection.',
  ),
} as const

const tcpConfig = s.object(tcpFields, { about: 'Messages by TCP.' })
export type TcpConfig = Infer<typeof tcpConfig>
