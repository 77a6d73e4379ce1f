import { type Options, option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'

/** A filter that is known and does nothing here, which is told. */
export function lostFilter(about: string, lost: string, keys: readonly string[]): FilterPlugin {
  const options: Options = Object.fromEntries(
    keys.map(key => [
      key,
      option.text(undefined, { repeated: true, needless: 'the filter itself is not supported' }),
    ]),
  )
  return {
    about: `${about} (not supported: records pass as they are)`,
    options,
    translate(settings) {
      settings.lose(settings.place, '', `is not supported: ${lost}`)
      return []
    },
  }
}

export const aws = lostFilter(
  'Adds metadata of the EC2 instance',
  'it would have added metadata of the instance',
  [
    ...[
      'imds_version',
      'az',
      'ec2_instance_id',
      'ec2_instance_type',
      'private_ip',
      'ami_id',
      'account_id',
      'hostname',
    ],
    ...['vpc_id', 'tags_enabled', 'tags_include', 'tags_exclude', 'retry_interval_s'],
  ],
)

export const ecs = lostFilter('Adds metadata of the ECS task', 'it would have added metadata of the task', [
  ...[
    'add',
    'ecs_tag_prefix',
    'cluster_metadata_only',
    'ecs_meta_cache_ttl',
    'ecs_meta_host',
    'ecs_meta_port',
    'agent_endpoint_retries',
  ],
])

export const expect = lostFilter(
  'Checks records',
  'it would have checked records and warned, or ended the process',
  [
    ...[
      'key_exists',
      'key_not_exists',
      'key_val_is_null',
      'key_val_is_not_null',
      'key_val_eq',
      'action',
      'result_key',
    ],
  ],
)

export const stdoutFilter = lostFilter(
  'Prints records',
  'it would have printed records on their way; an output stdout prints them',
  [],
)
