import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'
import { checkPatterns, PATTERN_NOTATION } from '../../text-patterns.ts'

const names = (what: string, defaults: string[]) =>
  s.list(s.string({ about: `A pattern of names; ${PATTERN_NOTATION}.` }), {
    about: `Which ${what} of the pod go into the record.`,
    default: defaults,
    example: ['app.kubernetes.io/*'],
  })

export const kubernetesConfig = s.object(
  {
    into: s.string({
      about: `The field that takes what is known of the pod; ${FIELD_NOTATION}.`,
      default: 'kubernetes',
    }),
    ownPod: s.boolean({
      about:
        'Whether records are of the pod that this sidecar is in, unless path or tag name another: a file in `/var/log/containers` or `/var/log/pods`.',
      default: true,
    }),
    podInfo: s.string({
      about:
        'The folder in which a downward API volume has the files `labels` and `annotations` of this pod, and perhaps `name`, `namespace`, `uid` and `node`. Names are also read from the variables POD_NAME (else HOSTNAME), POD_NAMESPACE, POD_UID, POD_IP and NODE_NAME.',
      default: '/etc/podinfo',
    }),
    container: s.string({
      about: 'The name of the container whose records these are, where neither path nor tag says it.',
      optional: true,
      example: 'app',
    }),
    labels: names('labels', ['*']),
    annotations: names('annotations', []),
    excludeAnnotation: s.string({
      about:
        'An annotation with which pods opt out: where its value is true, records are dropped, and counted. With `_stdout`, `_stderr` or `-CONTAINER` behind it, it is for this stream or container only.',
      optional: true,
      example: 'fluentbit.io/exclude',
    }),
    suggestion: s.object(
      {
        annotation: s.string({
          about:
            'The annotation with which pods name a format. With `_stdout`, `_stderr` or `-CONTAINER` behind it, it is for this stream or container only.',
          example: 'fluentbit.io/parser',
        }),
        into: s.string({
          about: `The field that takes the name; ${FIELD_NOTATION}.`,
          default: 'parser',
        }),
      },
      {
        about: 'Pods name the format of their records, for the `choice` of a step `parse` behind this one.',
        optional: true,
      },
    ),
    api: s.object(
      {
        node: s.string({
          about:
            'The node whose pods are watched. Default: the variable NODE_NAME, else what the pod of this sidecar says, which the service account must be allowed to get.',
          optional: true,
        }),
        serviceAccount: s.string({
          about: 'The folder with token, authority and namespace.',
          default: '/var/run/secrets/kubernetes.io/serviceaccount',
        }),
        kubeconfig: s.string({
          about: 'A kubeconfig file to use in place of the service account.',
          optional: true,
        }),
        maxPods: s.integer({
          about: 'How many pods are remembered, with those that are gone but whose files may still be read.',
          default: 1000,
          min: 1,
          max: 100_000,
        }),
      },
      {
        about:
          'Asks the API server for what files and variables do not tell, by watching the pods of one node. The service account needs list and watch of pods. The first records wait for its answer, 5 s at the most; then they have what their path tells.',
        optional: true,
      },
    ),
  },
  { about: 'Adds what is known of the pod that a record is of.' },
)

export type KubernetesConfig = Infer<typeof kubernetesConfig>

export function checkKubernetes(
  { into, labels, annotations, suggestion }: KubernetesConfig,
  path: Problem['path'],
): Problem[] {
  return [
    ...checkField(into, [...path, 'into']),
    ...(suggestion ? checkField(suggestion.into, [...path, 'suggestion', 'into']) : []),
    ...checkPatterns(labels, [...path, 'labels']),
    ...checkPatterns(annotations, [...path, 'annotations']),
  ]
}
