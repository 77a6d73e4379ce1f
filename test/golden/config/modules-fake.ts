import type { ModuleTable } from '../../../src/kernel/config/load.ts'
import { type Infer, s } from '../../../src/kernel/config/schema.ts'
import type { Module } from '../../../src/kernel/module.ts'

const tail = s.object(
  {
    paths: s.list(s.string({ about: 'A pattern.' }), {
      about: 'The files to read.',
      minItems: 1,
      example: ['/var/log/app/*.log'],
    }),
    from: s.choice(['beginning', 'end'], { about: 'Where a new file is read from.', default: 'beginning' }),
    maxLine: s.size({ about: 'Longer lines are split.', default: '1MiB', min: '1KiB', max: '16MiB' }),
    rescan: s.duration({ about: 'How often the patterns are looked up.', default: '5s', min: '100ms' }),
  },
  { about: 'Follows files.' },
)

const elasticsearch = s.object(
  {
    url: s.url({ about: 'The cluster.', example: 'https://es:9200' }),
    apiKey: s.secret({ about: 'An API key.', optional: true }),
    index: s.string({
      about: 'The index.',
      default: 'logs',
      pattern: /^[a-z0-9-]+$/,
      expected: 'a lower-case index name',
    }),
    gzip: s.boolean({ about: 'Compress bodies.', default: true }),
    retries: s.integer({ about: 'How often.', default: 3, min: 0, max: 10 }),
    sample: s.number({ about: 'Which part is sent.', default: 1, min: 0, max: 1 }),
  },
  { about: 'Sends to Elasticsearch.' },
)

const logsConfig = s.object(
  {
    inputs: s.list(
      s.oneOf(
        {
          tail,
          syslog: s.object(
            { listen: s.address({ about: 'Where.', default: '127.0.0.1:5140' }) },
            { about: 'Takes syslog.' },
          ),
        },
        { about: 'An input.' },
      ),
      {
        about: 'Where records come from.',
        default: [],
      },
    ),
    outputs: s.list(
      s.oneOf({ elasticsearch, stdout: s.object({}, { about: 'Prints.' }) }, { about: 'An output.' }),
      {
        about: 'Where records go.',
        minItems: 1,
      },
    ),
    labels: s.map(s.scalar({ about: 'The value.' }), { about: 'Added to every record.', default: {} }),
  },
  { about: 'Ships logs.' },
)

const proxyConfig = s.object(
  {
    listen: s.address({ about: 'Where.', default: '127.0.0.1:8080' }),
    timeout: s.duration({ about: 'For one request.', default: '15s' }),
    retries: s.integer({ about: 'How often.', default: 1, min: 0 }),
  },
  { about: 'Carries traffic.' },
)

const logs: Module<Infer<typeof logsConfig>> = {
  name: 'logs',
  config: logsConfig,
  check: ({ inputs, outputs }) =>
    inputs.length === 0 && outputs.length > 0
      ? [{ path: ['outputs'], message: 'there are outputs and no input', hint: 'add one under inputs' }]
      : [],
  start: () => Promise.reject(new Error('never started')),
}

const proxy: Module<Infer<typeof proxyConfig>> = {
  name: 'proxy',
  config: proxyConfig,
  start: () => Promise.reject(new Error('never started')),
}

/** Two modules with options of every type, so that what the kernel says does not change with the real ones. */
export const fakeModules: ModuleTable = { logs: async () => logs, proxy: async () => proxy }
