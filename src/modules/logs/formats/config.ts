import { type Infer, s } from '../../../kernel/config/schema.ts'
import { FIELD_TYPES } from './field-writer.ts'

const time = s.object(
  {
    field: s.string({
      about:
        'The field that holds the time of the record; a dot leads into an object: `event.created`. Formats with a time of their own need none.',
      optional: true,
      example: 'time',
    }),
    format: s.string({
      about:
        'How the time is written: iso8601 (also RFC 3339), epoch_s, epoch_ms, epoch_us, epoch_ns, or a form in the notation of strptime.',
      default: 'iso8601',
      example: '%d/%b/%Y:%H:%M:%S %z',
    }),
    zone: s.string({
      about:
        'The zone of times that name none: utc, local (that of the process), an offset such as +02:00, or a zone such as Europe/Berlin.',
      default: 'utc',
      example: 'Europe/Berlin',
    }),
    keep: s.boolean({
      about: 'Whether the field stays in the record. Records that stay as they are cost the least.',
      default: true,
    }),
  },
  {
    about:
      'Where a record says when it happened. Without it formats whose lines say their time use that, all others the time at which the line was read; so do records whose time is missing or unreadable, which are counted.',
    optional: true,
  },
)

const csv = s.object(
  {
    columns: s.list(s.string({ about: 'The name of a field.' }), {
      about: 'The fields of the values, in their order.',
      minItems: 1,
      example: ['time', 'level', 'message'],
    }),
    delimiter: s.string({
      about: 'What stands between two values: one character of ASCII, or `tab`.',
      default: ',',
      pattern: /^(?:[ !#-[\]-~\t]|tab)$/,
      expected: 'one character of ASCII that is neither a quote nor a backslash, or tab',
    }),
    header: s.boolean({
      about: 'Whether lines that hold exactly the names of the columns are headers, and make no record.',
      default: false,
    }),
  },
  { about: 'For format csv: what the lines look like.', optional: true },
)

const decode = s.list(
  s.object(
    {
      field: s.string({
        about: 'The field whose text is decoded; a dot leads into an object.',
        example: 'log',
      }),
      as: s.choice(['json', 'escaped', 'escaped_utf8', 'mysql_quoted'], {
        about:
          'json: the text is an object or a list. escaped: it has backslash escapes. escaped_utf8: the same, with \\uXXXX. mysql_quoted: it stands in quotes, as MySQL writes them.',
        default: 'json',
      }),
      merge: s.boolean({
        about:
          'For json: whether the members of the object join the record, beside the field; else the object takes the place of the text.',
        default: false,
      }),
      next: s.choice(['always', 'if_failed', 'never'], {
        about: 'When the next entry of this list that names the same field is tried.',
        default: 'always',
      }),
    },
    { about: 'One text that has something in it.' },
  ),
  {
    about:
      'Texts of the record that are decoded before its time is taken, in this order. A text that is not what its entry says stays as it is.',
    optional: true,
    example: [{ field: 'log', as: 'json' }],
  },
)

export const FORMATS = [
  'json',
  'raw',
  'logfmt',
  'ltsv',
  'csv',
  'cri',
  'docker',
  'container',
  'syslog',
  'apache',
  'apache_error',
  'nginx',
  'nginx_error',
  'envoy',
  'mysql_slow',
  'postgres',
  'postgres_csv',
  'klog',
  'regex',
  'grok',
] as const

/** The options of an input that say how a line becomes a record, to be spread among its other options. */
export const formatFields = {
  format: s.choice(FORMATS, {
    about:
      'How a line becomes a record. json: each line is an object and stays as it is. raw: the line is the field `message`. logfmt: key=value pairs. ltsv: label:value with tabs between. csv: values in columns. cri, docker: what container runtimes write; container: either of them, line by line. syslog: RFC 5424 or 3164, with or without priority. apache, nginx: the access log, common or combined; apache_error, nginx_error: the error log. envoy: its default access log, or that of Istio. mysql_slow: entries of the slow query log. postgres: what PostgreSQL writes to stderr; postgres_csv: its csvlog. klog: what the components of Kubernetes write. regex: the named groups of `pattern` become fields. grok: the named patterns of `pattern` do. A line that does not fit is kept as `message` with a `parse_error`.',
    default: 'json',
  }),
  pattern: s.string({
    about:
      'For format regex: a regular expression (JavaScript) with named groups, each of which becomes a field. For format grok: text and regular expressions with %{NAME:field} or %{NAME:field:type} among them.',
    optional: true,
    example: '^(?<client>\\S+) (?<method>\\S+) (?<path>\\S+) (?<status>\\d+)$',
  }),
  patterns: s.map(
    s.string({ about: 'A regular expression (Ruby’s dialect), which may name other patterns.' }),
    {
      about: 'For format grok: patterns of your own by name, beside those that come with Outrigger.',
      optional: true,
      example: { ORDER: 'o-\\h{8}' },
    },
  ),
  types: s.map(s.choice(FIELD_TYPES, { about: 'What the text becomes.' }), {
    about:
      'For formats regex, grok, csv, ltsv and logfmt: fields that are no text. Text that is not of its type stays text.',
    optional: true,
    example: { status: 'integer', duration: 'float' },
  }),
  skipEmpty: s.boolean({
    about:
      'For formats regex, grok, csv, ltsv and logfmt: whether fields without text are left out (no by default).',
    optional: true,
  }),
  bareKeys: s.boolean({
    about:
      'For format logfmt: whether a name without a value is true (as by default), or makes the line a misfit.',
    optional: true,
  }),
  csv,
  linePrefix: s.string({
    about: 'For format postgres: the `log_line_prefix` of the server; `%m [%p] ` without it.',
    optional: true,
    example: '%t [%p]: user=%u,db=%d,app=%a,client=%h ',
  }),
  decode,
  time,
} as const

const formatSchema = s.object(formatFields, { about: 'How a line becomes a record.' })

/** The decoded form of `formatFields`. */
export type FormatConfig = Infer<typeof formatSchema>
export type TimeConfig = NonNullable<FormatConfig['time']>
export type DecodeConfig = NonNullable<FormatConfig['decode']>
