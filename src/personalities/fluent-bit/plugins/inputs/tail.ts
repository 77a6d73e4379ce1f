import { parserFormat } from '../../parsers/format.ts'
import { option } from '../option.ts'
import type { InputPlugin, NotationMap, StepNotation } from '../plugin.ts'
import { bytes, milliseconds } from '../units.ts'

const OWN_POSITIONS = 'positions are kept with the records that they stand for'

/** Reads files. */
export const tail: InputPlugin = {
  about: 'Follows text files',
  options: {
    path: option.list(),
    exclude_path: option.list(),
    key: option.text('log'),
    path_key: option.text(),
    offset_key: option.text(),
    read_from_head: option.boolean('false'),
    read_newly_discovered_files_from_head: option.boolean('true'),
    refresh_interval: option.needless('new files are noticed at once', '60'),
    watcher_interval: option.needless('changes are noticed at once', '2s'),
    progress_check_interval: option.needless('changes are noticed at once', '2s'),
    progress_check_interval_nsec: option.needless('changes are noticed at once', '0'),
    rotate_wait: option.time('5'),
    ignore_older: option.time('0'),
    ignore_active_older_files: option.boolean('false'),
    buffer_chunk_size: option.needless('reads have a size of their own', '32k'),
    buffer_max_size: option.size('32k'),
    static_batch_size: option.needless('all files get their turn', '50M'),
    event_batch_size: option.needless('all files get their turn', '50M'),
    skip_long_lines: option.boolean('off'),
    truncate_long_lines: option.boolean('off'),
    skip_empty_lines: option.needless('empty lines are always left out', 'off'),
    inotify_watcher: option.needless('files are looked at in turn where changes are not reported', 'true'),
    file_cache_advise: option.needless('the system keeps what is read often', 'true'),
    db: option.text(),
    'db.sync': option.needless(OWN_POSITIONS, 'normal'),
    'db.locking': option.needless(OWN_POSITIONS, 'false'),
    'db.journal_mode': option.needless(OWN_POSITIONS, 'WAL'),
    'db.compare_filename': option.needless('a file is known by its beginning too', 'false'),
    exit_on_eof: option.boolean('false'),
    parser: option.text(),
    tag_regex: option.text(),
    multiline: option.boolean('off'),
    multiline_flush: option.time('4'),
    parser_firstline: option.text(),
    'parser_*': option.text(),
    'multiline.parser': option.list(),
    docker_mode: option.boolean('off'),
    docker_mode_flush: option.time('4'),
    docker_mode_parser: option.text(),
    'unicode.encoding': option.text(),
    'generic.encoding': option.text(),
    max_open_files: option.integer(),
    'windows.path_encoding': option.needless('for Windows only'),
  },
  translate(settings, around) {
    const paths = settings.list('path')
    if (paths.length === 0) {
      settings.fail(settings.place, 'path', 'is missing', 'path /var/log/app/*.log')
      return undefined
    }
    const format = formatOf(settings, around)
    if (format === undefined) return undefined
    const rotateWait = settings.time('rotate_wait')
    const maxLine = settings.size('buffer_max_size')
    const maxOpenFiles = settings.integer('max_open_files')
    const exclude = settings.list('exclude_path')
    const startAt = settings.boolean('read_from_head') ? 'beginning' : 'end'
    return {
      kind: 'tail',
      options: {
        paths,
        ...(exclude.length > 0 && { exclude }),
        startAt,
        ...(rotateWait !== undefined && { rotateWait: milliseconds(Math.max(100, rotateWait)) }),
        ...(maxLine !== undefined && { maxLine: bytes(Math.min(16 * 1024 ** 2, Math.max(1024, maxLine))) }),
        ...(maxOpenFiles !== undefined && { maxOpenFiles }),
        ...format.options,
      },
      steps: format.steps,
      ...(settings.boolean('exit_on_eof') && { exit: { kind: 'end of input', why: 'the files are read' } }),
    }
  },
}

function formatOf(
  settings: Parameters<InputPlugin['translate']>[0],
  around: Parameters<InputPlugin['translate']>[1],
): { readonly options: NotationMap; readonly steps: readonly StepNotation[] } | undefined {
  return parserFormat(settings, 'parser', around, { key: settings.text('key') ?? 'log' })
}
