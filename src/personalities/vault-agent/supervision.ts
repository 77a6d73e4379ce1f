import { absolutePath } from './paths.ts'
import type { Section } from './section.ts'
import { commandOf, readEnvTemplate, type TemplateGiven, type Translated } from './templates.ts'
import { durationText } from './values.ts'

/** The application that the agent runs, and its variables. */
export interface Supervision {
  readonly app: Readonly<Record<string, unknown>> | undefined
  readonly deliveries: readonly Translated[]
}

const SIGNALS = ['HUP', 'INT', 'QUIT', 'TERM', 'USR1', 'USR2', 'WINCH', 'CONT']
/** How long the application may take to end: Vault Agent's own times. */
const GRACE_MS = 30_000
const DEBOUNCE_MS = 2000

export function readSupervision(
  templates: ReadonlyArray<{ readonly label: string | undefined; readonly section: Section }>,
  exec: Section | undefined,
  given: TemplateGiven,
): Supervision {
  const variables = readVariables(templates, given)
  if (exec === undefined) {
    templates[0]?.section.say('error', '', 'env_template needs exec, the command that gets the variables')
    return { app: undefined, deliveries: [] }
  }
  const words = exec.texts('command')
  const command = words === undefined || words.length === 0 || words[0] === '' ? undefined : words
  const restarts = exec.text('restart_on_secret_changes') ?? 'always'
  const signal = (exec.text('restart_stop_signal') ?? 'SIGTERM').toUpperCase().replace(/^SIG/, '')
  const [stdout, stderr] = ['child_process_stdout', 'child_process_stderr'].map(
    key => exec.text(key) || undefined,
  )
  exec.end()
  if (command === undefined)
    exec.say('error', '', 'exec requires a command', 'such as command = ["./app", "--port=8080"]')
  if (!['always', 'never'].includes(restarts))
    exec.say('error', 'restart_on_secret_changes', `expected always or never, got "${restarts}"`)
  if (!SIGNALS.includes(signal))
    exec.say(
      'error',
      'restart_stop_signal',
      `SIG${signal} is not supported`,
      `there are ${SIGNALS.map(each => `SIG${each}`).join(', ')}`,
    )
  if (templates.length === 0) exec.say('error', '', 'exec needs env_template, the variables of the command')
  const onChange = restarts === 'always' ? [{ restart: { signal, grace: durationText(GRACE_MS) } }] : []
  return {
    app: command && {
      command: commandOf(command),
      ...(stdout !== undefined && { stdout: absolutePath(given.cwd, stdout) }),
      ...(stderr !== undefined && { stderr: absolutePath(given.cwd, stderr) }),
      stopGrace: durationText(GRACE_MS),
      ...(exec.has('restart_stop_signal') && { stopSignal: signal }),
      shutdown: '40s',
    },
    deliveries: [
      {
        entry: {
          environment: {
            variables,
            ...(onChange.length > 0 && {
              onChange,
              pace: { debounce: durationText(DEBOUNCE_MS), interval: '0s' },
            }),
          },
        },
        place: templates[0]?.section.place ?? exec.place,
        label: Object.keys(variables).join(', '),
      },
    ],
  }
}

function readVariables(
  templates: ReadonlyArray<{ readonly label: string | undefined; readonly section: Section }>,
  given: TemplateGiven,
): Readonly<Record<string, unknown>> {
  const variables: Record<string, unknown> = {}
  for (const { section, label } of templates) {
    const name = label ?? section.text('name')
    const content = readEnvTemplate(section, given)
    if (name === undefined)
      section.say('error', '', 'env_template has no name', 'such as env_template "DB_PASSWORD" { … }')
    else if (Object.hasOwn(variables, name))
      section.say('error', '', `the variable ${name} is there a second time`, 'keep one')
    else if (content !== undefined) variables[name] = content
  }
  return variables
}
