import { option } from '../option.ts'
import type { InputPlugin } from '../plugin.ts'

/** The journal of systemd, through journalctl. */
export const systemd: InputPlugin = {
  about: 'Follows the journal of systemd, through journalctl',
  options: {
    path: option.text(),
    max_fields: option.lost('the limit of fields in an entry', '8000'),
    max_entries: option.needless('the pipe of journalctl is read as it comes', '5000'),
    systemd_filter: option.text(undefined, { repeated: true }),
    systemd_filter_type: option.text('or'),
    db: option.needless('the cursor of the last entry that is safe is kept with the records'),
    'db.sync': option.needless('the spool is flushed', 'full'),
    read_from_tail: option.boolean('off'),
    lowercase: option.boolean('off'),
    strip_underscores: option.boolean('off'),
  },
  translate(settings) {
    const directory = settings.text('path')
    const filters = settings.ordered(['systemd_filter']).map(({ text }) => text)
    const type = settings.choice('systemd_filter_type', ['or', 'and'] as const) ?? 'or'
    const matches = filters.flatMap((filter, index) =>
      type === 'or' && index > 0 ? ['+', filter] : [filter],
    )
    const small = settings.boolean('lowercase') ?? false
    const bare = settings.boolean('strip_underscores') ?? false
    if (small !== bare) {
      const key = small ? 'lowercase' : 'strip_underscores'
      settings.lose(
        settings.placeOf(key),
        key,
        'fields are called as in the journal, unless lowercase and strip_underscores are both on',
      )
    }
    return {
      kind: 'journald',
      options: {
        names: small && bare ? 'plain' : 'journal',
        ...(directory !== undefined && { directory }),
        ...(matches.length > 0 && { matches }),
        ...(settings.boolean('read_from_tail') && { start: 'now' }),
      },
    }
  },
}
