import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'
import { checkPatterns, PATTERN_NOTATION } from '../../text-patterns.ts'

export const INSTANCE_FACTS = [
  'zone',
  'region',
  'instanceId',
  'instanceType',
  'privateIp',
  'hostname',
  'imageId',
  'accountId',
  'vpcId',
] as const

export const ec2Config = s.object(
  {
    fields: s.map(s.choice(INSTANCE_FACTS, { about: 'What the field takes.' }), {
      about: `The fields and what of the instance they take; ${FIELD_NOTATION}.`,
      default: { az: 'zone', ec2_instance_id: 'instanceId' },
      example: { az: 'zone', ec2_instance_id: 'instanceId', account_id: 'accountId' },
    }),
    tags: s.list(s.string({ about: `A pattern of names; ${PATTERN_NOTATION}.` }), {
      about:
        'Which tags of the instance become fields of their names; the instance must give its tags to its metadata.',
      default: [],
      example: ['Name', 'team'],
    }),
    exceptTags: s.list(s.string({ about: `A pattern of names; ${PATTERN_NOTATION}.` }), {
      about: 'Tags that do not, although they are among `tags`.',
      default: [],
    }),
    retryInterval: s.duration({
      about: 'How long to wait before the metadata service is asked again when it did not answer.',
      default: '10s',
      min: '1s',
    }),
  },
  {
    about:
      'Adds what is known of the EC2 instance, by its metadata service (version 2), which is asked once. A record that has a field of that name keeps it.',
  },
)

export type Ec2Config = Infer<typeof ec2Config>

export function checkEc2({ fields, tags, exceptTags }: Ec2Config, path: Problem['path']): Problem[] {
  return [
    ...Object.keys(fields).flatMap(field => checkField(field, [...path, 'fields', field])),
    ...checkPatterns(tags, [...path, 'tags']),
    ...checkPatterns(exceptTags, [...path, 'exceptTags']),
  ]
}
