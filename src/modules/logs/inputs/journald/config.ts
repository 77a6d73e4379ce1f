import { type Infer, s } from '../../../../kernel/config/schema.ts'

/** The options of `journald`. */
export const journaldFields = {
  program: s.string({
    about: 'The program that reads the journal.',
    default: 'journalctl',
    example: '/usr/bin/journalctl',
  }),
  directory: s.string({
    about: 'The folder of the journal. Without it that of this machine.',
    optional: true,
    example: '/host/var/log/journal',
  }),
  matches: s.list(
    s.string({
      about: 'FIELD=VALUE, or + between two groups of which one is enough.',
      pattern: /^(?:\+|[A-Z0-9_]+=.*)$/,
      expected: 'FIELD=VALUE, such as _SYSTEMD_UNIT=nginx.service',
    }),
    {
      about: 'Only entries that match: all fields that differ, and one of several for the same field.',
      default: [],
      example: ['_SYSTEMD_UNIT=nginx.service', 'PRIORITY=3'],
    },
  ),
  start: s.choice(['oldest', 'now'], {
    about: 'Where to begin when nothing was read yet. Later it goes on where it was.',
    default: 'oldest',
  }),
  names: s.choice(['plain', 'journal'], {
    about:
      'How fields are called: plain takes their leading underscores away and makes them small (`systemd_unit`), journal leaves them (`_SYSTEMD_UNIT`).',
    default: 'plain',
  }),
  maxEntry: s.size({
    about: 'A field of an entry that is longer is cut.',
    default: '1MiB',
    min: '1KiB',
    max: '16MiB',
  }),
} as const

const journaldSchema = s.object(journaldFields, { about: 'The journal of systemd.' })
export type JournaldConfig = Infer<typeof journaldSchema>
