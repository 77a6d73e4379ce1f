import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { datagramFraming } from '../network/framing-config.ts'

/** The options of `udp`, beside those of the format. */
export const udpFields = {
  listen: s.address({
    about: 'The address to listen on. Senders on other machines need one that is not loopback.',
    default: '127.0.0.1:5170',
  }),
  framing: datagramFraming,
  maxMessage: s.size({
    about: 'A larger datagram is dropped, counted.',
    default: '64KiB',
    min: '256B',
    max: '64KiB',
  }),
} as const

const udpConfig = s.object(udpFields, { about: 'Messages by UDP.' })
export type UdpConfig = Infer<typeof udpConfig>
