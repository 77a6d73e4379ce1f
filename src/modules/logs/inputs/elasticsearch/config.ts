import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { authFields, httpServerFields } from '../http-server/config.ts'

/** The options of `elasticsearch`. */
export const elasticsearchInputFields = {
  ...httpServerFields('127.0.0.1:9200'),
  auth: authFields,
  metaField: s.string({
    about:
      'The field that each record gets with the action it came with, such as `{"create": {"_index": "logs"}}`; none when empty.',
    default: '@meta',
  }),
  tagField: s.string({
    about: 'A field of the record, at its top, whose text is the record’s tag instead of `tag`.',
    optional: true,
    example: 'service',
  }),
  version: s.string({
    about:
      'The version of Elasticsearch that senders are told; some refuse to work with an older one than their own.',
    default: '8.17.0',
    pattern: /^\d+\.\d+\.\d+$/,
    expected: 'a version such as 8.17.0',
  }),
} as const

const elasticsearchInputConfig = s.object(elasticsearchInputFields, { about: 'Takes `_bulk` requests.' })
export type ElasticsearchInputConfig = Infer<typeof elasticsearchInputConfig>
