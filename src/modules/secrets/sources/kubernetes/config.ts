import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const kubernetesSourceConfig = s.object(
  {
    name: entryName,
    path: s.string({
      about:
        'The folder in which a Secret or a ConfigMap is mounted, or one with several such folders. Any folder with a file for each key will do: `/run/secrets` of Docker, the credentials of systemd. The path of a secret is `all` for the folder itself, the name of a folder in it, or the name of a file, which gives one entry named `value`.',
      pattern: /^[^\0]+$/,
      expected: 'the path of a folder',
      example: '/var/run/secrets/app',
    }),
    trim: s.boolean({
      about: 'Leave out one line feed at the end of each text, which editors and `echo` put there.',
      default: false,
    }),
    maxSize: s.size({
      about: 'How large all files of one secret may be together. Kubernetes allows a Secret 1 MiB.',
      default: '4MiB',
      min: '1KiB',
      max: '64MiB',
    }),
    maxFiles: s.integer({ about: 'How many files one secret may have.', default: 1024, min: 1, max: 65_536 }),
  },
  {
    about:
      'Files that are mounted as a Secret or ConfigMap of Kubernetes is. All keys of a secret are read of one state of it, however it changes meanwhile.',
  },
)

export type KubernetesSourceConfig = Infer<typeof kubernetesSourceConfig>

/** There are no rules between these options. */
export function checkKubernetesSource(_config: KubernetesSourceConfig): Problem[] {
  return []
}
