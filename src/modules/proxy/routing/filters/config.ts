import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { targetFields } from '../references.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const headerName = s.string({
  about: 'The name of a header field.',
  pattern: TOKEN,
  expected: 'the name of a header field',
  example: 'x-team',
})

const headers = (about: string) =>
  s.list(
    s.object(
      {
        name: headerName,
        value: s.string({
          about: 'Its value.',
          pattern: /^[\t\x20-\x7e\x80-\xff]*$/,
          expected: 'a value without line breaks and control characters',
        }),
      },
      { about: 'One field.' },
    ),
    { about, default: [] },
  )

const headerModifier = (about: string) =>
  s.object(
    {
      set: headers('Fields that replace those of the same name.'),
      add: headers('Fields that come on top.'),
      remove: s.list(headerName, { about: 'Fields that are taken away.', default: [] }),
    },
    { about, optional: true },
  )

const path = s.object(
  {
    type: s.choice(['ReplaceFullPath', 'ReplacePrefixMatch'], { about: 'How much of the path is replaced.' }),
    replaceFullPath: s.string({ about: 'The whole new path.', optional: true }),
    replacePrefixMatch: s.string({
      about: 'What stands in the place of the prefix that the rule matched.',
      optional: true,
    }),
  },
  { about: 'The new path.', optional: true },
)

const hostname = s.string({
  about: 'The new host name, without port.',
  optional: true,
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  expected: 'a host name in lower case without port',
})

const requestRedirect = s.object(
  {
    scheme: s.choice(['http', 'https'], { about: 'The new scheme; the same unless given.', optional: true }),
    hostname,
    path,
    port: s.integer({
      about: "The new port; that of a given scheme, else the listener's.",
      min: 1,
      max: 65535,
      optional: true,
    }),
    statusCode: s.integer({
      about: 'The status: 301, 302, 303, 307 or 308.',
      min: 301,
      max: 308,
      default: 302,
    }),
  },
  { about: 'Answers with a redirect, without a backend.', optional: true },
)

const requestMirror = s.object(
  {
    backendRef: s.object(targetFields, { about: 'Where the copies go; their answers are thrown away.' }),
    percent: s.integer({
      about: 'How many of a hundred requests are copied.',
      min: 0,
      max: 100,
      optional: true,
    }),
    fraction: s.object(
      {
        numerator: s.integer({ about: 'So many …', min: 0 }),
        denominator: s.integer({ about: '… of so many requests are copied.', min: 1, default: 100 }),
      },
      { about: 'A finer share than percent can say.', optional: true },
    ),
  },
  { about: 'Sends copies of requests to another backend.', optional: true },
)

const names = (about: string, fallback: readonly string[] = []) =>
  s.list(s.string({ about: 'One of them, or *.' }), { about, default: fallback })

const cors = s.object(
  {
    allowOrigins: names(
      'The origins that may ask, such as https://shop.example.com or https://*.example.com.',
    ),
    allowCredentials: s.boolean({ about: 'Whether cookies and the like may come along.', default: false }),
    allowMethods: names('The methods that may be used.'),
    allowHeaders: names('The header fields that may be sent.'),
    exposeHeaders: names('The header fields of answers that a script may read.'),
    maxAge: s.integer({
      about: 'How many seconds a browser may keep the permission.',
      min: 1,
      max: 86_400,
      default: 5,
    }),
  },
  { about: 'Answers the preflight requests of browsers, and permits other origins.', optional: true },
)

const filter = s.object(
  {
    type: s.choice(
      [
        'RequestHeaderModifier',
        'ResponseHeaderModifier',
        'RequestRedirect',
        'URLRewrite',
        'RequestMirror',
        'CORS',
      ],
      { about: 'Which filter it is; the field of the same name has its options.' },
    ),
    requestHeaderModifier: headerModifier('Changes the header of requests.'),
    responseHeaderModifier: headerModifier('Changes the header of answers.'),
    requestRedirect,
    urlRewrite: s.object(
      { hostname, path },
      { about: 'Changes what the backend is asked for.', optional: true },
    ),
    requestMirror,
    cors,
  },
  { about: 'One filter.' },
)

export const filters = s.list(filter, { about: 'What is done to requests and answers.', default: [] })

export type FilterConfig = Infer<typeof filter>
export type PathConfig = NonNullable<Infer<typeof path>>
