import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkReactions, reactionFields } from '../../reactions/config.ts'
import { checkContent, contentFields } from '../../templates/config.ts'
import { deliveryName } from '../name.ts'

/** Whose a written file is, and who may read it. */
export const ownershipFields = {
  mode: s.string({
    about: 'Who may read and write it, as an octal mode.',
    default: '0600',
    pattern: /^0?[0-7]{3}$/,
    expected: 'a file mode such as 0600',
  }),
  readableByAll: s.boolean({
    about: 'Allow a `mode` by which every user of the machine can read it.',
    default: false,
  }),
  owner: s.string({
    about: 'The user whom it belongs to, by number or by name. Needs the right to give files away.',
    optional: true,
    pattern: /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/,
    expected: 'the name or number of a user',
    example: '1000',
  }),
  group: s.string({
    about: 'The group that it belongs to, by number or by name.',
    optional: true,
    pattern: /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/,
    expected: 'the name or number of a group',
    example: '1000',
  }),
}

export const fileDeliveryConfig = s.object(
  {
    name: deliveryName,
    path: s.string({
      about:
        'Where the file is. It is written beside it and renamed, so that a reader sees the old or the new one.',
      pattern: /^\/./,
      expected: 'an absolute path',
      example: '/run/secrets/db.conf',
    }),
    ...contentFields,
    ...ownershipFields,
    makeFolders: s.boolean({
      about: 'Make the folders that its path leads through, with mode 0755.',
      default: true,
    }),
    backup: s.boolean({
      about: 'Keep the earlier file as `path.bak`. It holds old secrets, so it is off unless asked for.',
      default: false,
    }),
    ...reactionFields,
  },
  { about: 'A file.' },
)

export type FileDeliveryConfig = Infer<typeof fileDeliveryConfig>

export function checkFileDelivery(config: FileDeliveryConfig): Problem[] {
  return [...checkContent(config), ...checkReactions(config.onChange), ...checkMode(config)]
}

/** Files with secrets are never readable by everybody by accident. */
export function checkMode({
  mode,
  readableByAll,
}: Pick<FileDeliveryConfig, 'mode' | 'readableByAll'>): Problem[] {
  const others = Number.parseInt(mode, 8) & 0o007
  if ((others & 0o002) !== 0)
    return [
      {
        path: ['mode'],
        message: `expected a mode that does not let everybody write, got ${mode}`,
        hint: 'whoever can write the file decides what the application takes for its secret',
      },
    ]
  if (others === 0 || readableByAll) return []
  return [
    {
      path: ['mode'],
      message: `expected a mode that does not let everybody read, got ${mode}`,
      hint: 'give it to a user or group by `owner` and `group`, or say readableByAll: true',
    },
  ]
}
