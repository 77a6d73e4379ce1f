import { type LineFormat, parserFormat } from '../../parsers/format.ts'
import { containerFormat, multilineOf, oldMultilineFormat } from '../../parsers/multiline.ts'
import { fieldNotation } from '../../values/accessor.ts'
import { translateRegex } from '../../values/regex.ts'
import { option } from '../option.ts'
import type { InputPlugin, NotationMap, Surroundings } from '../plugin.ts'
import type { Settings } from '../settings.ts'
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
    ignore_active_older_files: option.needless('a file that grows is read', 'false'),
    buffer_chunk_size: option.needless('reads have a size of their own', '32k'),
    buffer_max_size: option.size('32k'),
    static_batch_size: option.needless('all files get their turn', '50M'),
    event_batch_size: option.needless('all files get their turn', '50M'),
    skip_long_lines: option.boolean('off'),
    truncate_long_lines: option.boolean('off'),
    skip_empty_lines: option.boolean('off'),
    inotify_watcher: option.boolean('true'),
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
    const multiline = multilineOf(settings, around, settings.text('key') ?? 'log')
    const lines = linesOf(settings)
    const times = timesOf(settings)
    const database = settings.text('db')
    const tagPattern = settings.text('tag_regex')
    const regex = tagPattern === undefined ? undefined : translateRegex(tagPattern)
    if (regex !== undefined && 'problem' in regex)
      settings.fail(settings.placeOf('tag_regex'), 'tag_regex', regex.problem)
    const fields = { pathField: settings.text('path_key'), offsetField: settings.text('offset_key') }
    const exclude = settings.list('exclude_path')
    const maxOpenFiles = settings.integer('max_open_files')
    const newHead = settings.boolean('read_newly_discovered_files_from_head') ?? true
    return {
      kind: 'tail',
      options: {
        paths,
        ...(exclude.length > 0 && { exclude }),
        startAt: settings.boolean('read_from_head') ? 'beginning' : 'end',
        ...(!newHead && { newFilesAt: 'end' }),
        ...(database !== undefined && { positionsFrom: database }),
        ...encodingOf(settings),
        ...times,
        ...lines,
        ...(fields.pathField !== undefined && {
          pathField: fieldNotation([fields.pathField]) ?? fields.pathField,
        }),
        ...(fields.offsetField !== undefined && {
          offsetField: fieldNotation([fields.offsetField]) ?? fields.offsetField,
        }),
        ...(regex !== undefined && 'source' in regex && { tagPattern: regex.source }),
        ...(settings.boolean('inotify_watcher') === false && { watch: false }),
        ...(maxOpenFiles !== undefined && { maxOpenFiles }),
        // What several lines are made of has its own rules for those without text.
        ...(!settings.boolean('skip_empty_lines') &&
          format.options['multiline'] === undefined &&
          multiline['multiline'] === undefined && { emptyLines: 'keep' }),
        ...format.options,
        ...multiline,
      },
      steps: format.steps,
      ...(settings.boolean('exit_on_eof') && {
        exit: { kind: 'end of input' as const, why: 'the files are read' },
      }),
    }
  },
}

/** A longer line stops the file in the original, unless it says otherwise; here it never does. */
function linesOf(settings: Settings): NotationMap {
  const maxLine = settings.size('buffer_max_size')
  const skips = settings.boolean('skip_long_lines')
  const truncates = settings.boolean('truncate_long_lines')
  const wanted = skips || truncates ? (maxLine ?? 32_000) : maxLine
  return {
    ...(wanted !== undefined && { maxLine: bytes(Math.min(16 * 1024 ** 2, Math.max(1024, wanted))) }),
    ...(truncates ? { longLines: 'truncate' } : skips && { longLines: 'skip' }),
  }
}

/** By their names in lower case, without what stands between their parts. */
const ENCODINGS: Readonly<Record<string, string>> = {
  auto: 'auto',
  utf16le: 'utf-16le',
  utf16be: 'utf-16be',
  shiftjis: 'shift_jis',
  sjis: 'shift_jis',
  gb18030: 'gb18030',
  gbk: 'gbk',
  uhc: 'euc-kr',
  big5: 'big5',
  win866: 'ibm866',
  ...Object.fromEntries(
    [1250, 1251, 1252, 1253, 1254, 1255, 1256].map(page => [`win${page}`, `windows-${page}`]),
  ),
}

function encodingOf(settings: Settings): NotationMap {
  const key = settings.has('unicode.encoding') ? 'unicode.encoding' : 'generic.encoding'
  const text = settings.text(key)
  if (text === undefined) return {}
  const encoding = ENCODINGS[text.toLowerCase().replaceAll(/[-_ ]/g, '')]
  if (encoding !== undefined) return { encoding }
  settings.fail(settings.placeOf(key), key, `unknown encoding "${text}"`, Object.keys(ENCODINGS).join(', '))
  return {}
}

function timesOf(settings: Settings): NotationMap {
  const rotateWait = settings.time('rotate_wait')
  const ignoreOlder = settings.time('ignore_older') ?? 0
  return {
    ...(rotateWait !== undefined && { rotateWait: milliseconds(Math.max(100, rotateWait)) }),
    ...(ignoreOlder >= 1000 && { ignoreOlder: milliseconds(ignoreOlder) }),
  }
}

/** What a container runtime writes is read by formats of its own, when a multiline parser says so. */
function formatOf(settings: Settings, around: Surroundings): LineFormat | undefined {
  const key = settings.text('key') ?? 'log'
  const names = settings.list('multiline.parser').map(name => name.toLowerCase())
  const containers = (['cri', 'docker'] as const).filter(
    each => names.includes(each) && !around.multilineParsers.has(each),
  )
  if (containers.length > 0 || settings.boolean('docker_mode'))
    return containerFormat(containers.length > 0 ? containers : ['docker'], key)
  if (settings.boolean('multiline')) return oldMultilineFormat(settings, around, key)
  return parserFormat(settings, 'parser', around, { key })
}
