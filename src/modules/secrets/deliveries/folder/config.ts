import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkReactions, reactionFields } from '../../reactions/config.ts'
import { checkContent, contentFields } from '../../templates/config.ts'
import { checkMode, ownershipFields } from '../file/config.ts'
import { deliveryName } from '../name.ts'

export const folderDeliveryConfig = s.object(
  {
    name: deliveryName,
    path: s.string({
      about:
        'The folder. Its files are links into a generation that is exchanged as a whole, as Kubernetes does with mounted secrets: a reader never sees a certificate beside another one’s key.',
      pattern: /^\/./,
      expected: 'an absolute path',
      example: '/run/secrets/tls',
    }),
    files: s.list(
      s.object(
        {
          name: s.string({
            about: 'Name of the file in the folder.',
            pattern: /^(?!\.\.)[^/]+$/,
            expected: 'a file name without slashes that does not begin with two dots',
            example: 'tls.crt',
          }),
          ...contentFields,
          ...ownershipFields,
        },
        { about: 'One file.' },
      ),
      { about: 'The files that change together.', minItems: 1 },
    ),
    ...reactionFields,
  },
  { about: 'Several files that must change together.' },
)

export type FolderDeliveryConfig = Infer<typeof folderDeliveryConfig>

export function checkFolderDelivery({ files, onChange }: FolderDeliveryConfig): Problem[] {
  return [
    ...files.flatMap((file, index) => {
      const at = (problem: Problem): Problem => ({ ...problem, path: ['files', index, ...problem.path] })
      const first = files.findIndex(({ name }) => name === file.name)
      return [
        ...checkContent(file).map(at),
        ...checkMode(file).map(at),
        ...(first === index
          ? []
          : [
              at({
                path: ['name'],
                message: `is the name of files[${first}] already`,
                hint: 'give each its own',
              }),
            ]),
      ]
    }),
    ...checkReactions(onChange),
  ]
}
