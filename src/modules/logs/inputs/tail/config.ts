import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { compilePattern, patternProblem } from '../../../../kernel/pattern.ts'
import { checkField } from '../../condition/field.ts'
import { ENCODINGS } from './encoding.ts'
import { globProblem } from './glob.ts'

/** The options of `tail`, beside those of the format. */
export const tailFields = {
  paths: s.list(
    s.string({
      about: 'A path or a glob: * ? [a-z] {a,b}, and ** for any depth of folders.',
      pattern: /[^/]$/,
      expected: 'the path of a file or a glob for files, without a slash at its end',
      example: '/var/log/app/*.log',
    }),
    {
      about:
        'The files to read. What does not exist yet is read once it appears. Compressed files are left out.',
      minItems: 1,
      example: ['/var/log/app/*.log'],
    },
  ),
  exclude: s.list(s.string({ about: 'A glob; without a slash it is held against the name of the file.' }), {
    about: 'Files to leave out although `paths` names them.',
    default: [],
    example: ['*.1', '/var/log/app/debug/**'],
  }),
  startAt: s.choice(['beginning', 'end'], {
    about: 'Where the very first start begins in files that are there already.',
    default: 'beginning',
  }),
  positionsFrom: s.string({
    about:
      'A database of Fluent Bit’s tail (its option `DB`): files that were never read before are read from where it says. It is only looked at.',
    optional: true,
    example: '/var/lib/fluent-bit/tail.db',
  }),
  newFilesAt: s.choice(['beginning', 'end'], {
    about:
      'Where to begin in files that appear later. With `end`, lines that are written before a file is found are not read.',
    default: 'beginning',
  }),
  ignoreOlder: s.duration({
    about:
      'Files that were last written to longer ago are left out, unless some of them was read before. When such a file grows it is read from there on.',
    optional: true,
    min: '1s',
    example: '24h',
  }),
  maxLine: s.size({
    about: 'What happens with a longer line is said by `longLines`; it never stops the file.',
    default: '1MiB',
    min: '1KiB',
    max: '16MiB',
  }),
  longLines: s.choice(['split', 'truncate', 'skip'], {
    about:
      'split: a line that is longer than `maxLine` becomes several records, each with `"line_split": true`. truncate: only the first of them is kept. skip: none is. What is left out is counted.',
    default: 'split',
  }),
  emptyLines: s.choice(['skip', 'keep'], {
    about:
      'keep: a line without text is a record with an empty `message`. Lines that are put together by `multiline` have them where its rules want them, either way.',
    default: 'skip',
  }),
  encoding: s.choice(ENCODINGS, {
    about:
      'What the files are written in; records are UTF-8. auto: UTF-8, unless a byte order mark says UTF-16. A mark also holds against utf-8, utf-16le and utf-16be.',
    default: 'auto',
  }),
  pathField: s.string({
    about: 'A field for the path of the file.',
    optional: true,
    example: 'log.file.path',
  }),
  offsetField: s.string({
    about: 'A field for the place in the file where the record begins, in bytes.',
    optional: true,
    example: 'log.offset',
  }),
  tagPattern: s.string({
    about:
      'A regular expression (JavaScript), held against the path: its named groups are put into `tag` where that says `<name>`. A name that does not match becomes `unknown`.',
    optional: true,
    example: '(?<pod>[^_/]+)_(?<namespace>[^_]+)_(?<container>.+)-[0-9a-f]{64}\\.log$',
  }),
  rotateWait: s.duration({
    about:
      'How long a renamed or deleted file stays open after its last growth, for writers that finish late.',
    default: '5s',
    min: '100ms',
  }),
  pollInterval: s.duration({
    about:
      'How often files are looked at where the kernel does not report changes (network file systems, inotify used up). Up to five times as long while nothing happens.',
    default: '1s',
    min: '100ms',
  }),
  maxRate: s.size({
    about:
      'How much is read of one file in a second, so that one that grows without measure leaves room for others. What waits is read later, the end of a file without measure.',
    optional: true,
    min: '1KiB',
    example: '5MiB',
  }),
  maxLag: s.object(
    {
      size: s.size({
        about:
          'When more than this of a file waits to be read, the oldest of it is given up, down to half of this.',
        optional: true,
        min: '64KiB',
        example: '1GiB',
      }),
      age: s.duration({
        about:
          'When a renamed or deleted file is not read to its end after this time, its rest is given up, and its space on the disk with it.',
        optional: true,
        min: '1s',
        example: '12h',
      }),
    },
    {
      about:
        'Loses records on purpose, for files that would fill the disk while outputs are away. What is given up is told in the log and counted. Without it everything waits.',
      optional: true,
    },
  ),
  watch: s.boolean({
    about:
      'Whether the kernel is asked to report changes. Without it files are looked at every `pollInterval`.',
    default: true,
  }),
  maxOpenFiles: s.integer({
    about:
      'How many files are held open. Over it the longest idle ones are closed and opened again when they grow.',
    default: 1000,
    min: 1,
  }),
} as const

export const tailConfig = s.object(tailFields, { about: 'Files that applications append to.' })
export type TailConfig = Infer<typeof tailConfig>

/** Globs that the schema cannot judge; `path` is that of the input. */
export function checkTail(config: TailConfig, path: Problem['path']): Problem[] {
  const { paths, exclude, pathField, offsetField, tagPattern } = config
  const check = (globs: readonly string[], option: string) =>
    globs.flatMap((glob, index) => {
      const message = globProblem(glob)
      return message === undefined
        ? []
        : [{ path: [...path, option, index], message, hint: 'write several globs' }]
    })
  return [
    ...check(paths, 'paths'),
    ...check(exclude, 'exclude'),
    ...(pathField === undefined ? [] : checkField(pathField, [...path, 'pathField'])),
    ...(offsetField === undefined ? [] : checkField(offsetField, [...path, 'offsetField'])),
    ...(tagPattern === undefined ? [] : checkPattern(tagPattern, [...path, 'tagPattern'])),
  ]
}

function checkPattern(source: string, path: Problem['path']): Problem[] {
  const compiled = compilePattern(source)
  return 'reason' in compiled
    ? [{ path, message: patternProblem(source, compiled.reason), hint: compiled.hint }]
    : []
}
