import { findParser, formatNotation } from '../../parsers/format.ts'
import { fieldNotation } from '../../values/accessor.ts'
import { type Options, option } from '../option.ts'
import type { FilterPlugin, NotationMap, StepNotation, Surroundings } from '../plugin.ts'
import type { Settings } from '../settings.ts'

const BY_WATCH = 'the pods of the node are watched'

const needless = (why: string, keys: readonly string[]): Options =>
  Object.fromEntries(keys.map(key => [key, option.needless(why)]))

/** Tells of the pod that a record is of, and reads the log that a field holds. */
export const kubernetes: FilterPlugin = {
  about: 'Adds what is known of the pod that a record is of',
  options: {
    ...needless(BY_WATCH, [
      'buffer_size',
      'cache_use_docker_id',
      'kube_meta_cache_ttl',
      'kube_meta_namespace_cache_ttl',
    ]),
    ...needless(BY_WATCH, [
      'use_kubelet',
      'kubelet_port',
      'kubelet_host',
      'dns_retries',
      'dns_wait_time',
      'tls.debug',
    ]),
    ...needless('the service account says where and how', [
      'kube_url',
      'kube_ca_file',
      'kube_ca_path',
      'kube_token_file',
    ]),
    ...needless('the service account says where and how', [
      'kube_token_ttl',
      'tls.verify',
      'tls.verify_hostname',
      'tls.vhost',
    ]),
    ...needless('pods are told by paths and tags of container logs', ['kube_tag_prefix', 'use_journal']),
    kube_token_command: option.lost('a token of a command'),
    kube_meta_preload_cache_dir: option.lost('metadata of files'),
    regex_parser: option.lost('another form of tags'),
    'k8s-logging.parser': option.boolean('off'),
    'k8s-logging.exclude': option.boolean('off'),
    labels: option.boolean('on'),
    annotations: option.boolean('on'),
    dummy_meta: option.lost('made-up metadata', 'off'),
    use_tag_for_meta: option.boolean('off'),
    namespace_labels: option.lost('labels of namespaces', 'off'),
    namespace_annotations: option.lost('annotations of namespaces', 'off'),
    namespace_metadata_only: option.lost('metadata of namespaces alone', 'off'),
    owner_references: option.lost('owners of pods', 'off'),
    use_pod_association: option.lost('services of pods', 'off'),
    'aws_*': option.lost('services of pods'),
    merge_log: option.boolean('off'),
    merge_log_key: option.text(),
    merge_log_trim: option.needless('texts stay as they are', 'on'),
    merge_parser: option.text(),
    keep_log: option.boolean('on'),
  },
  translate(settings, around): readonly StepNotation[] | undefined {
    const all = (key: string) => ((settings.boolean(key) ?? true) ? ['*'] : [])
    const excludes = settings.boolean('k8s-logging.exclude') ?? false
    const suggests = suggestsParsers(settings)
    const step: StepNotation = {
      kubernetes: {
        // Records of a node's files are of many pods, and not of this one.
        ownPod: false,
        labels: all('labels'),
        annotations: all('annotations'),
        ...(excludes && { excludeAnnotation: 'fluentbit.io/exclude' }),
        ...(suggests && { suggestion: { annotation: 'fluentbit.io/parser', into: SUGGESTED } }),
        ...(!settings.boolean('use_tag_for_meta') && { api: {} }),
      },
    }
    const merged = mergeStep(settings, around)
    return merged === undefined ? undefined : [step, ...merged]
  },
}

/** Where the name of a parser that the pod suggests stands until the log is read. */
const SUGGESTED = '_suggested_parser'

/** Pods are asked for a parser only where the log is read at all. */
function suggestsParsers(settings: Settings): boolean {
  return (settings.boolean('k8s-logging.parser') ?? false) && (settings.boolean('merge_log') ?? false)
}

/** `Merge_Log`: what the field `log` holds joins the record. */
function mergeStep(settings: Settings, around: Surroundings): readonly StepNotation[] | undefined {
  if (!settings.boolean('merge_log')) return []
  const name = settings.text('merge_parser')
  const parser = name === undefined ? undefined : findParser(settings, 'merge_parser', name, around.parsers)
  if (name !== undefined && parser === undefined) return undefined
  const format: NotationMap = parser === undefined ? { format: 'json' } : formatNotation(parser)
  const into = settings.text('merge_log_key')
  return [
    {
      parse: {
        field: 'log',
        ...format,
        ...(suggestsParsers(settings) && {
          choice: {
            field: SUGGESTED,
            formats: Object.fromEntries(
              [...around.parsers].map(([name, parser]) => [name, formatNotation(parser)]),
            ),
          },
        }),
        ...(into !== undefined && { into: fieldNotation([into]) ?? into }),
        keepField: settings.boolean('keep_log') ?? true,
        keepOthers: true,
      },
    },
  ]
}
