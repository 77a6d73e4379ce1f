import { parserFormat } from '../../parsers/format.ts'
import { option } from '../option.ts'
import type { InputPlugin, NotationMap, Surroundings } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { bytes } from '../units.ts'
import { listeningOf, listeningOptions, sourceAddressSteps } from './listening.ts'

const messages = {
  format: option.text('json'),
  separator: option.text(),
  chunk_size: option.needless('buffers grow as they are needed', '32'),
  buffer_size: option.integer(),
  source_address_key: option.text(),
  parser: option.text(),
  workers: option.needless('connections are served by one event loop', '1'),
  socket_path: option.text(),
  socket_mode: option.text('STREAM'),
  socket_permissions: option.text(),
}

/** How messages become records: JSON objects as they are, else lines as the field `log`, or as a parser has them. */
function messagesOf(settings: Settings, kind: 'stream' | 'datagram', around: Surroundings) {
  const format = settings.choice('format', ['json', 'none'] as const) ?? 'json'
  const separator = settings.text('separator')
  const kilobytes = settings.integer('buffer_size')
  const lines = parserFormat(settings, 'parser', around, { key: 'log' }) ?? { options: {}, steps: [] }
  const options: NotationMap = {
    ...(format === 'json' ? { framing: 'json', format: 'json' } : { framing: 'lines', ...lines.options }),
    ...(format === 'none' &&
      separator !== undefined &&
      kind === 'stream' && { separator: unescaped(separator) }),
    ...(kilobytes !== undefined &&
      kind === 'stream' && { maxMessage: bytes(Math.min(16 * 1024 ** 2, Math.max(1024, kilobytes * 1024))) }),
  }
  return { options, steps: [...(format === 'json' ? [] : lines.steps), ...sourceAddressSteps(settings)] }
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return { n: '\n', r: '\r', t: '\t', 0: '\0' }[code] ?? code
  })
}

/** Lines or JSON by TCP. */
export const tcp: InputPlugin = {
  about: 'Takes lines or JSON objects by TCP',
  options: { ...listeningOptions('5170'), ...messages },
  translate(settings, around) {
    const options = messagesOf(settings, 'stream', around)
    return {
      kind: 'tcp',
      options: { ...listeningOf(settings, 5170), ...options.options },
      steps: options.steps,
    }
  },
}

/** Lines or JSON by UDP. */
export const udp: InputPlugin = {
  about: 'Takes lines or JSON objects by UDP',
  options: { ...listeningOptions('5170'), ...messages },
  translate(settings, around) {
    const options = messagesOf(settings, 'datagram', around)
    const { listen } = listeningOf(settings, 5170)
    return { kind: 'udp', options: { listen: listen!, ...options.options }, steps: options.steps }
  },
}

/** Lines or JSON on a Unix socket. */
export const unixSocket: InputPlugin = {
  about: 'Takes lines or JSON objects on a Unix socket',
  options: { ...messages },
  translate(settings, around) {
    const path = settings.text('socket_path')
    if (path === undefined) {
      settings.fail(settings.place, 'socket_path', 'is missing')
      return undefined
    }
    const type =
      settings.choice('socket_mode', ['stream', 'dgram'] as const) === 'dgram' ? 'datagram' : 'stream'
    const options = messagesOf(settings, type, around)
    const mode = settings.text('socket_permissions')
    return {
      kind: 'unix',
      options: {
        path,
        type,
        ...(mode !== undefined && { mode: mode.replace(/^0(?=\d{3}$)/, '') }),
        ...options.options,
      },
      steps: options.steps,
    }
  },
}
