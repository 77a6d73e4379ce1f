import type { Input, InputHost } from '../input.ts'
import { startDatagramInput } from '../network/datagram-input.ts'
import { startLineInput } from '../network/line-input.ts'
import type { UnixConfig } from './config.ts'

/** Takes messages on a Unix socket. */
export async function startUnix(
  config: UnixConfig & { readonly format: string },
  host: InputHost,
): Promise<Input> {
  const { path, mode, type, framing } = config
  const listen = { path, mode: Number.parseInt(mode, 8) }
  if (type === 'datagram') return await startDatagramInput({ ...config, listen }, host)
  return await startLineInput({ ...config, listen, framing: framing === 'json' ? 'json' : 'lines' }, host)
}
