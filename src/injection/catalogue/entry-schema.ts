import { describe } from '../../kernel/config/doc.ts'
import { leaf } from '../../kernel/config/engine.ts'
import { wrong } from '../../kernel/config/reading.ts'
import { type Common, type Made, s } from '../../kernel/config/schema.ts'
import { isObject, type Json, type JsonObject } from '../../manifests/json.ts'

export const API_VERSION = 'outrigger.dev/v1'
export const KIND = 'Sidecar'

const NAME = /^[a-z]([a-z0-9-]*[a-z0-9])?$/
const VERSION = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(-[0-9A-Za-z.-]{1,40})?$/

/** Somebody else's JSON, kept as it is; other rules look into it. */
function json<const O extends Common<Json>>(options: O): Made<Json, O> {
  return leaf<Json, O>(describe('ignored', 'a value', options), options, input => input as Json)
}

function jsonObject<const O extends Common<JsonObject>>(options: O): Made<JsonObject, O> {
  return leaf<JsonObject, O>(describe('ignored', 'a mapping', options), options, input =>
    isObject(input) ? input : wrong(),
  )
}

const MODES = ['network', 'pause', 'none']

/** A template: what is left of it when it is rendered is one of them, or nothing. */
function composeMode<const O extends Common<Json>>(options: O): Made<Json, O> {
  const expected = 'network, pause, none, a parameter, or one of them with $when and $value'
  return leaf<Json, O>(describe('ignored', expected, options), options, input => {
    const value = isObject(input) && typeof input['$when'] === 'string' ? input['$value'] : input
    const isParameter = typeof value === 'string' && /^\$\{[A-Za-z][\w.-]*\}$/.test(value)
    return MODES.includes(String(value)) || isParameter ? (input as Json) : wrong()
  })
}

const when = s.string({
  about:
    'A condition under which this is there: `modules has proxy`, `cache and mode != memory`. It may stand in any mapping of an entry.',
  optional: true,
})

const containers = (about: string, example: unknown) =>
  s.list(
    s.object(
      {
        $when: when,
        form: s.choice(['native', 'classic', 'auto'], {
          about:
            'native: an init container with restartPolicy Always. classic: one of `containers`. auto: native where the cluster has it (Kubernetes 1.29), else classic.',
          default: 'auto',
        }),
        container: jsonObject({
          about:
            'The container as Kubernetes writes it, with name, image, resources (requests and limits), securityContext, ports, probes, env and volumeMounts. `restartPolicy` is left out: `form` decides.',
          example,
        }),
      },
      { about },
    ),
    { about, default: [] },
  )

const shared = s.object(
  {
    $when: when,
    name: s.string({ about: 'The name of the volume, if one must be made.' }),
    path: json({
      about:
        "An absolute path in the application's containers. A volume that is mounted there, or above it, is used as it is.",
      example: '/var/log/app',
    }),
    sidecarPath: json({ about: 'Where the sidecar sees it; the same path unless given.', optional: true }),
    sidecar: s.choice(['read', 'write'], { about: 'What the sidecar may do there.', default: 'read' }),
    application: s.choice(['read', 'write'], {
      about: 'What the application may do there.',
      default: 'write',
    }),
    sizeLimit: s.string({
      about: 'How large the emptyDir may become that is made where the application mounts nothing.',
      example: '256Mi',
    }),
    medium: s.choice(['Memory'], { about: 'Memory: it never reaches a disk.', optional: true }),
  },
  { about: 'A folder that the application and the sidecar have in common.' },
)

const file = s.object(
  {
    $when: when,
    path: s.string({
      about: "An absolute path in the sidecar's containers.",
      example: '/etc/envoy/envoy.yaml',
    }),
    format: s.choice(['yaml', 'json', 'text'], {
      about:
        'yaml and json: `content` is a value. text: it is a list of lines, in which only numbers, choices and texts with a pattern or a format may stand.',
    }),
    content: json({ about: 'What is in it.' }),
    containers: s.list(s.string({ about: 'The name of a container.' }), {
      about: "Which of the entry's containers see it; all unless given.",
      optional: true,
    }),
  },
  { about: 'A file that is made for each pod.' },
)

const target = leaf<'all' | 'first' | readonly string[], { about: string; default: 'all' }>(
  describe('ignored', 'all, first or a list of names', {
    about: "Which of the application's containers: all, first, or a list of names.",
    default: 'all',
  }),
  { about: '', default: 'all' },
  input => {
    if (input === 'all' || input === 'first') return input
    const names = Array.isArray(input) && input.length > 0 && input.every(name => typeof name === 'string')
    return names ? (input as string[]) : wrong()
  },
)

/** A document of a catalogue. Its descriptions are the reference of docs/catalog.md. */
export const entrySchema = s.object(
  {
    apiVersion: s.choice([API_VERSION], { about: 'The version of this format.' }),
    kind: s.choice([KIND], { about: 'What the document is.' }),
    name: s.string({
      about: 'What pods ask for.',
      pattern: NAME,
      expected: 'a name of lower-case letters, digits and dashes that begins with a letter',
      example: 'fluent-bit',
    }),
    version: s.string({
      about: 'The version of the entry (not that of the image), by Semantic Versioning.',
      pattern: VERSION,
      expected: 'a semantic version such as 1.0.0',
      example: '1.0.0',
    }),
    purpose: s.string({ about: 'What it is for, one sentence.' }),
    owner: s.string({ about: 'Whom to ask: a team or an address.', example: 'platform-team@example.com' }),
    deprecated: s.object(
      {
        reason: s.string({ about: 'Why it should no longer be asked for.' }),
        use: s.string({ about: 'The entry to ask for instead.', optional: true }),
      },
      { about: 'Still there, but no longer found without its version while another one is.', optional: true },
    ),
    kubernetes: s.string({
      about: 'The versions of Kubernetes that it is good for.',
      optional: true,
      pattern: /^(>=|>|<=|<|=)\d+\.\d+( (>=|>|<=|<|=)\d+\.\d+)*$/,
      expected: 'a range such as ">=1.29 <1.40"',
      example: '>=1.29',
    }),
    required: s.boolean({
      about: 'Whether pods that ask for it must not start without it: the failurePolicy of the webhook.',
      default: false,
    }),
    order: s.integer({
      about:
        'Lower starts earlier and ends later, among injected sidecars: proxies 10, secrets 20, others 50.',
      default: 50,
      min: 0,
      max: 100,
    }),
    requires: s.list(s.string({ about: 'An entry or an alias.' }), {
      about: 'What must be asked for as well.',
      default: [],
    }),
    conflicts: s.list(s.string({ about: 'An entry or an alias.' }), {
      about: 'What must not be there as well.',
      default: [],
    }),
    replaces: s.list(s.string({ about: 'A name.' }), {
      about: 'Entries, or containers of other injectors, whose place it takes.',
      default: [],
    }),
    aliases: s.map(
      s.object(
        {
          about: s.string({ about: 'What it asks for.' }),
          set: jsonObject({ about: 'The parameters that it sets.' }),
        },
        { about: 'A further name.' },
      ),
      {
        about:
          'Further names under which it is asked for. Several aliases of one entry give one sidecar: their lists are joined.',
        default: {},
      },
    ),
    parameters: s.map(json({ about: 'A JSON Schema.' }), {
      about: 'What a pod may choose, each by a JSON Schema with a description.',
      default: {},
    }),
    containers: containers('The sidecars.', { name: 'proxy', image: 'docker.io/envoyproxy/envoy:v1.38.0' }),
    initContainers: containers('Init containers that end before the application starts.', undefined),
    volumes: s.list(jsonObject({ about: 'A volume as Kubernetes writes it.' }), {
      about: 'Volumes of the pod that the entry brings.',
      default: [],
    }),
    shared: s.list(shared, {
      about: 'Folders that the application and the sidecar have in common.',
      default: [],
    }),
    files: s.list(file, {
      about: 'Configuration files that are made for each pod; nothing needs to exist beforehand.',
      default: [],
    }),
    application: s.list(
      s.object(
        {
          $when: when,
          containers: target,
          env: s.list(jsonObject({ about: 'A variable as Kubernetes writes it.' }), {
            about: 'Environment variables. What the container has already wins.',
            default: [],
          }),
          volumeMounts: s.list(jsonObject({ about: 'A mount as Kubernetes writes it.' }), {
            about: "Mounts of the entry's volumes.",
            default: [],
          }),
        },
        { about: 'A change.' },
      ),
      { about: "What the application's containers get.", default: [] },
    ),
    pod: s.object(
      {
        labels: jsonObject({ about: 'Labels.', optional: true }),
        annotations: jsonObject({ about: 'Annotations.', optional: true }),
        imagePullSecrets: s.list(jsonObject({ about: 'A reference: {name: …}.' }), {
          about: 'Secrets that the images are pulled with.',
          optional: true,
        }),
        fsGroup: s.integer({
          about: 'The group that owns volumes.',
          optional: true,
          min: 1,
          max: 2147483647,
        }),
      },
      { about: 'What the pod gets. What it has already wins.', default: {} },
    ),
    waivers: s.list(
      s.object(
        {
          field: s.string({
            about:
              'A field of Pod Security "restricted" that the entry lacks, for all its containers or for one.',
            example: 'initContainers[outrigger-capture].securityContext.capabilities.add',
          }),
          reason: s.string({ about: 'Why it cannot do without.' }),
        },
        { about: 'A waiver.' },
      ),
      { about: 'What the entry lacks of Pod Security "restricted", each with its reason.', default: [] },
    ),
    compose: s.object(
      {
        mode: composeMode({
          about:
            'network: the sidecar joins the network of the application, and starts after it. pause: a third service holds the network of both, where the user asks for it (`compose.mode: pause`). none: they talk by service names, and the application waits for the sidecar. Or a parameter that is one of them; or one of them on a condition, else none.',
          default: 'none',
          example: { $when: 'modules has proxy', $value: 'network' },
        }),
        service: jsonObject({
          about: 'A service in the words of Compose. Folders and files come from the entry.',
        }),
      },
      { about: 'The same in Docker Compose; without it the entry is for Kubernetes only.', optional: true },
    ),
  },
  { about: 'A sidecar of a catalogue.' },
)
