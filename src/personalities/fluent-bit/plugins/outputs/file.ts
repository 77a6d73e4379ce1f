import { option } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import { flushInterval } from './sending.ts'

/** Files. */
export const file: OutputPlugin = {
  about: 'Writes records to a file',
  options: {
    path: option.text(),
    file: option.text(),
    format: option.text('out_file'),
    mkdir: option.needless('the folder is made when it is missing', 'false'),
    delimiter: option.needless('belongs to the formats csv and ltsv'),
    label_delimiter: option.needless('belongs to the format ltsv'),
    template: option.needless('belongs to the format template'),
    csv_column_names: option.needless('belongs to the format csv'),
  },
  translate(settings, { flushMs }) {
    const formats = ['out_file', 'plain', 'msgpack', 'csv', 'ltsv', 'template'] as const
    const format = settings.choice('format', formats) ?? 'out_file'
    if (format !== 'out_file' && format !== 'plain') {
      settings.fail(
        settings.placeOf('format'),
        'format',
        `${format} is not supported`,
        'leave it out, or write plain',
      )
      return undefined
    }
    const [path, name] = [settings.text('path'), settings.text('file')]
    if (name === undefined)
      settings.lose(
        settings.place,
        'file',
        'is missing: there is one file, "records", and not one for each tag',
      )
    const written = name ?? 'records'
    const full =
      path === undefined || written.startsWith('/') ? written : `${path.replace(/\/+$/, '')}/${written}`
    return {
      kind: 'file',
      options: {
        path: full,
        format: format === 'plain' ? 'json' : 'tagged',
        sync: false,
        // The original never begins another file.
        rotate: { maxSize: '1TiB' },
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}
