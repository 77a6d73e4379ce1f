import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
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
    about:
      'Where the very first start begins in files that are there already. Files that appear later are always read from their beginning.',
    default: 'beginning',
  }),
  maxLine: s.size({
    about: 'A longer line becomes several records, each marked as a piece; it never stops the file.',
    default: '1MiB',
    min: '1KiB',
    max: '16MiB',
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
export function checkTail({ paths, exclude }: TailConfig, path: Problem['path']): Problem[] {
  const check = (globs: readonly string[], option: string) =>
    globs.flatMap((glob, index) => {
      const message = globProblem(glob)
      return message === undefined
        ? []
        : [{ path: [...path, option, index], message, hint: 'write several globs' }]
    })
  return [...check(paths, 'paths'), ...check(exclude, 'exclude')]
}
