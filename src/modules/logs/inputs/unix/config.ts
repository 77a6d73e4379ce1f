import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { connectionFields, maxMessage, socketMode } from '../network/config.ts'
import { datagramFraming, separator } from '../network/framing-config.ts'

/** The options of `unix`, beside those of the format. */
export const unixFields = {
  path: s.string({
    about: 'Where the socket is made.',
    pattern: /^\/.{1,106}$/,
    expected: 'an absolute path of at most 107 bytes',
    example: '/run/outrigger/logs.sock',
  }),
  mode: socketMode,
  type: s.choice(['stream', 'datagram'], { about: 'What kind of socket it is.', default: 'stream' }),
  framing: datagramFraming,
  separator,
  maxMessage: maxMessage(
    'A longer line comes as several records, each marked as a piece; a larger object ends the connection, a larger datagram is dropped.',
  ),
  ...connectionFields,
} as const

const unixConfig = s.object(unixFields, { about: 'Messages on a Unix socket.' })
export type UnixConfig = Infer<typeof unixConfig>

export function checkUnix({ type, framing }: UnixConfig, path: Problem['path']): Problem[] {
  if (type === 'datagram' || framing !== 'message') return []
  return [
    {
      path: [...path, 'framing'],
      message: 'a stream has no messages of its own',
      hint: 'use framing: lines or json, or type: datagram',
    },
  ]
}
