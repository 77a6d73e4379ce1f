import type { Place } from '../finding.ts'
import { absolutePath } from './paths.ts'
import type { Section } from './section.ts'
import { durationText, parseDurationMs } from './values.ts'

type Notation = Readonly<Record<string, unknown>>

/** An entry of `secrets.deliveries`, and where it comes from. */
export interface Translated {
  readonly entry: Notation
  readonly place: Place
  /** What Vault Agent calls it in its log. */
  readonly label: string
  /** Where a template's text comes from, as it was written; without a file `(dynamic)` there. */
  readonly source?: string
}

export interface TemplateGiven {
  readonly cwd: string
  /** The mode of a file that is there already, such as `0644`. */
  readonly existingMode: (path: string) => string | undefined
  /** The text of a template's file; undefined while there is none. */
  readonly templateText: (path: string) => string | undefined
}

const DEFAULT_TIMEOUT = '30s'

/** A `template`: a file. Undefined when it cannot be made one; that was told then. */
export function readTemplate(section: Section, given: TemplateGiven): Translated | undefined {
  const content = readContent(section, given)
  const destination = section.text('destination')
  const path =
    destination === undefined || destination === '' ? undefined : absolutePath(given.cwd, destination)
  if (path === undefined) section.say('error', '', 'a template needs a destination')
  const perms = section.text('perms')
  const mode =
    (perms === undefined || perms === '' ? undefined : section.mode('perms')) ??
    (path && given.existingMode(path)) ??
    '0644'
  const owner = section.text('user')
  const group = section.text('group')
  const makes = section.boolean('create_dest_dirs')
  const backup = section.boolean('backup')
  const command = readCommand(section)
  const wait = readWait(section)
  const sandbox = section.text('sandbox_path')
  section.passOver('error_fatal', 'has no effect: a template that cannot be rendered never disturbs another')
  section.passOver('map_to_environment_variable', 'has no effect on a file')
  section.end()
  if (path === undefined || content === undefined) return undefined
  if (othersMayWrite(mode)) {
    section.say(
      'error',
      'perms',
      `${mode} would let everybody write the file`,
      'take away the last write permission',
    )
    return undefined
  }
  return {
    entry: {
      file: {
        path,
        ...content,
        mode,
        ...(sandbox !== undefined && sandbox !== '' && { sandbox: absolutePath(given.cwd, sandbox) }),
        ...(othersMayRead(mode) && { readableByAll: true }),
        ...(owner !== undefined && owner !== '' && { owner }),
        ...(group !== undefined && group !== '' && { group }),
        ...(makes === false && { makeFolders: false }),
        ...(backup === true && { backup: true }),
        ...(command !== undefined && { onChange: [{ command }] }),
        ...((command !== undefined || wait !== undefined) && {
          pace: { debounce: wait ?? '0s', interval: '0s' },
        }),
      },
    },
    place: section.place,
    label: destination!,
    ...(content['templateFile'] !== undefined && { source: section.text('source')! }),
  }
}

/** What an `env_template` makes of a variable. */
export function readEnvTemplate(section: Section, given: TemplateGiven): Notation | undefined {
  const content = readContent(section, given)
  for (const key of [
    'destination',
    'create_dest_dirs',
    'command',
    'command_timeout',
    'exec',
    'perms',
    'user',
    'group',
    'backup',
    'wait',
    'sandbox_path',
  ])
    section.refuse(key, 'is not for variables of an environment')
  section.passOver('error_fatal', 'has no effect: a template that cannot be rendered never disturbs another')
  section.end()
  return content
}

function readContent(section: Section, given: TemplateGiven): Notation | undefined {
  const [contents, source] = [section.text('contents'), section.text('source')]
  const begin = section.text('left_delimiter') || '{{'
  const end = section.text('right_delimiter') || '}}'
  const fails = section.boolean('error_on_missing_key') ?? false
  const denylist = [
    ...(section.texts('function_denylist') ?? []),
    ...(section.texts('function_blacklist') ?? []),
  ]
  const hasContents = contents !== undefined && contents !== ''
  const hasSource = source !== undefined && source !== ''
  if (hasContents === hasSource) {
    section.say(
      'error',
      '',
      hasContents ? 'has contents and source' : 'has neither contents nor source',
      'give one of them',
    )
    return undefined
  }
  const templateFile = hasSource ? absolutePath(given.cwd, source) : undefined
  const text = templateFile === undefined ? contents : given.templateText(templateFile)
  return {
    ...(hasContents ? { template: contents } : { templateFile }),
    ...(text?.includes('plugin') && { programs: true }),
    ...((begin !== '{{' || end !== '}}') && { delimiters: [begin, end] }),
    ...(denylist.length > 0 && { functionDenylist: denylist }),
    missingKey: fails ? 'error' : 'print',
  }
}

function readCommand(section: Section): Notation | undefined {
  const exec = section.block('exec')
  const execCommand = exec?.texts('command')
  const execTimeout = exec?.duration('timeout')
  exec?.end()
  const command = section.texts('command')
  const timeout = section.duration('command_timeout')
  const words = execCommand ?? command
  if (words === undefined || words.every(word => word === '')) return undefined
  const timeoutMs = execTimeout ?? timeout
  return {
    run: commandOf(words),
    timeout: timeoutMs === undefined || timeoutMs === 0 ? DEFAULT_TIMEOUT : durationText(timeoutMs),
    output: 'inherit',
  }
}

/** A single text is for the shell, as consul-template has it. */
export function commandOf(words: readonly string[]): readonly string[] {
  const [first, ...more] = words
  return more.length === 0 && /[\s"'$&|;<>()`*?#~=%\\]/.test(first!) ? ['sh', '-c', first!] : words
}

/** `wait { min max }` or `wait = "5s:10s"`: what must be quiet before something happens. */
function readWait(section: Section): string | undefined {
  if (!section.has('wait')) return undefined
  const isText = !section.isBlock('wait')
  const block = isText ? undefined : section.lastBlock('wait')
  const min = isText ? parseDurationMs(section.text('wait')!.split(':')[0]!) : block?.duration('min')
  block?.duration('max')
  block?.boolean('enabled')
  block?.end()
  if (min === undefined) {
    section.say('error', 'wait', 'expected durations such as { min = "5s", max = "10s" }')
    return undefined
  }
  section.say('warning', 'wait', 'holds the command back, not the file: files are written at once')
  return durationText(min)
}

function othersMayRead(mode: string): boolean {
  return (Number.parseInt(mode, 8) & 0o007) !== 0
}

function othersMayWrite(mode: string): boolean {
  return (Number.parseInt(mode, 8) & 0o002) !== 0
}
