/** One step of a machine: in one of these states a line that matches leads to another one. */
export interface Step {
  readonly from: readonly string[]
  readonly pattern: string
  readonly to: string
}

interface Builtin {
  /** One of these is in every line by which a trace begins. */
  readonly hints: readonly string[]
  readonly steps: readonly Step[]
}

export const BUILTIN_NAMES = ['java', 'python', 'go', 'ruby', 'dotnet', 'node', 'cri', 'docker'] as const
export type BuiltinName = (typeof BUILTIN_NAMES)[number]

/** Where every record begins. */
export const START_STATE = 'start_state'

/*
 * A trace begins with the line that names the error: text before the name (a time, a level) is fine, and such a line
 * without any frame behind it is a record of its own, as it would be without the rule.
 */

/** `com.acme.PaymentException: refused`, frames `at …`, causes, suppressed ones, what was left out. */
const java: Builtin = {
  hints: ['Exception', 'Error', 'Throwable'],
  steps: [
    {
      from: [START_STATE, 'cause'],
      pattern: '[\\w$.](?:Exception|Error|Throwable)(?::|\\s*$)',
      to: 'thrown',
    },
    { from: ['thrown'], pattern: '^\\s*nested exception is:', to: 'cause' },
    { from: ['thrown'], pattern: '^$', to: 'thrown' },
    { from: ['thrown', 'frames'], pattern: '^\\s+(?:eval )?at ', to: 'frames' },
    { from: ['thrown', 'frames'], pattern: '^\\s*(?:Caused by|Suppressed|Wrapped by): ', to: 'thrown' },
    {
      from: ['thrown', 'frames'],
      pattern: '^\\s*\\.\\.\\. \\d+ (?:more|common frames omitted)',
      to: 'frames',
    },
    { from: ['thrown', 'frames'], pattern: '^\\s*\\[CIRCULAR REFERENCE', to: 'frames' },
    { from: ['thrown', 'frames'], pattern: '^\\s+- (?:waiting|locked|parking)', to: 'frames' },
  ],
}

/** `Traceback (most recent call last):`, frames with their sources, the line of the error; chained and grouped ones. */
const python: Builtin = {
  hints: ['Traceback (most recent call last)'],
  steps: [
    {
      from: [START_STATE, 'between'],
      pattern: 'Exception Group Traceback \\(most recent call last\\):\\s*$',
      to: 'group',
    },
    {
      from: [START_STATE, 'between'],
      pattern: 'Traceback \\(most recent call last\\):\\s*$',
      to: 'frames',
    },
    // Every line of a group is in its frame.
    { from: ['group'], pattern: '^\\s+[|+]', to: 'group' },
    { from: ['frames'], pattern: '^\\s+\\S', to: 'frames' },
    { from: ['frames'], pattern: '^$', to: 'frames' },
    // The error: `ValueError: …`, `app.errors.Refused`, `KeyboardInterrupt`.
    { from: ['frames'], pattern: '^[A-Za-z_][\\w.]*(?::|\\s*$)', to: 'error' },
    { from: ['error', 'group', 'between'], pattern: '^$', to: 'between' },
    {
      from: ['between'],
      pattern: '^(?:During handling of the above exception|The above exception was the direct cause)',
      to: 'between',
    },
  ],
}

/** `panic: …` or `fatal error: …`, then goroutines, each with pairs of lines: the function, and where it is. */
const go: Builtin = {
  hints: ['panic: ', 'panic serving ', 'fatal error: '],
  steps: [
    { from: [START_STATE], pattern: '\\b(?:panic|fatal error): ', to: 'told' },
    { from: [START_STATE], pattern: 'http: panic serving ', to: 'gap' },
    { from: ['told'], pattern: '^\\s+panic: ', to: 'told' },
    { from: ['told'], pattern: '^\\[(?:signal|recovered)', to: 'told' },
    { from: ['told', 'function', 'gap'], pattern: '^$', to: 'gap' },
    {
      from: ['told', 'gap'],
      pattern: '^(?:goroutine \\d+ .*\\[[^\\]]+\\]:|runtime stack:)\\s*$',
      to: 'function',
    },
    {
      from: ['function'],
      pattern: '^(?:created by \\S|[^\\s(][^(]*\\(|\\.\\.\\.|\\[originating from)',
      to: 'place',
    },
    { from: ['place'], pattern: '^\\s+\\S', to: 'function' },
    { from: ['function', 'gap'], pattern: '^exit status \\d+$', to: 'end' },
  ],
}

/** `app.rb:10:in 'charge': refused (Refused)`, then frames, in the order of either direction. */
const ruby: Builtin = {
  hints: ['.rb:', '<main>', '<internal:'],
  steps: [
    {
      from: [START_STATE],
      pattern: "\\S:\\d+:in [`'].*': .*\\((?:[A-Z]\\w*)(?:::[A-Z]\\w*)*\\)\\s*$",
      to: 'frames',
    },
    { from: [START_STATE], pattern: "^\\S*?[^\\s:]+\\.rb:\\d+:in [`']", to: 'frames' },
    { from: ['frames'], pattern: "^\\s*(?:from )?\\S*:\\d+:in [`']", to: 'frames' },
    { from: ['frames'], pattern: '^\\s*\\.\\.\\. ?\\d+ levels?\\.\\.\\.', to: 'frames' },
    { from: ['frames'], pattern: '^\\s+\\d+: from ', to: 'frames' },
  ],
}

/** `System.InvalidOperationException: …`, frames `   at …`, inner exceptions behind `--->`. */
const dotnet: Builtin = {
  hints: ['Exception', 'Error'],
  steps: [
    { from: [START_STATE], pattern: '[\\w.]+(?:Exception|Error)\\b[^:]{0,40}(?::|\\s*$)', to: 'frames' },
    { from: ['frames'], pattern: '^\\s+at \\S', to: 'frames' },
    { from: ['frames'], pattern: '^\\s*-{2,3}> ', to: 'frames' },
    { from: ['frames'], pattern: '^\\s*--- End of (?:inner exception )?stack trace', to: 'frames' },
    { from: ['frames'], pattern: '^\\s*---$', to: 'frames' },
  ],
}

/** `TypeError: …`, frames `    at …`, the source with its caret before it, the braces of properties, causes. */
const node: Builtin = {
  hints: ['Error', 'Exception', 'Uncaught', '.js:', '.ts:', '.mjs:', '.cjs:', 'node:', '[eval'],
  steps: [
    {
      from: [START_STATE],
      pattern: '(?:^|[\\s([])(?:\\w*Error|\\w*Exception)(?: \\[\\w+\\])?(?::|\\s*$)',
      to: 'thrown',
    },
    // What node prints before it exits: the place, the source line, a caret, an empty line.
    {
      from: [START_STATE],
      pattern: '^(?:file://|node:|/|\\[eval|[A-Za-z]:\\\\)\\S*:\\d+\\s*$',
      to: 'source',
    },
    { from: ['source'], pattern: '^\\s*\\^+\\s*$', to: 'caret' },
    { from: ['source'], pattern: '\\S', to: 'source line' },
    { from: ['source line'], pattern: '^\\s*\\^+\\s*$', to: 'caret' },
    { from: ['caret', 'frames'], pattern: '^$', to: 'caret' },
    { from: ['caret'], pattern: '^(?:Uncaught )?\\w*(?:Error|Exception)\\b', to: 'thrown' },
    { from: ['caret'], pattern: '^Node\\.js v\\d', to: 'end' },
    { from: ['thrown', 'frames'], pattern: '^\\s+at \\S', to: 'frames' },
    { from: ['thrown', 'frames', 'properties'], pattern: '^\\s+\\[?(?:cause|errors)\\]?: ', to: 'frames' },
    { from: ['frames'], pattern: '^\\s*\\.\\.\\. \\d+ lines matching', to: 'frames' },
    { from: ['frames', 'properties'], pattern: '^\\s+[\\w$\'"\\[].*', to: 'properties' },
    { from: ['frames', 'properties'], pattern: '^\\s*[}\\]]', to: 'frames' },
  ],
}

export const BUILTINS: Readonly<Record<Exclude<BuiltinName, 'cri' | 'docker'>, Builtin>> = {
  java,
  python,
  go,
  ruby,
  dotnet,
  node,
}
