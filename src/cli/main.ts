import { nearest } from '../kernel/config/suggest.ts'
import type { Call } from './call.ts'
import { type Command, commands, type Runnable } from './commands.ts'
import { commandHelp, overview } from './help.ts'
import type { Io } from './io.ts'

/** Runs the command that `argv` (without node and script) names; resolves with the exit code. */
export async function main(argv: readonly string[], io: Io, table = commands): Promise<number> {
  const [first, ...others] = argv
  if (first === undefined) return fail(io, overview(table))
  if (first === 'help' || first === '--help' || first === '-h') return help(others[0], io)
  const name = first === '--version' || first === '-V' ? 'version' : first
  if (!Object.hasOwn(table, name)) return unknownCommand(name, io)
  const command = table[name]
  if (command.foreign && others[0] !== '--help' && others[0] !== '-h')
    return (await command.load()).run({ io, values: {}, positionals: others, rest: undefined })
  const parsed = parse(command, others)
  if (!parsed.ok) return fail(io, `outrigger ${name}: ${parsed.message}\nTry outrigger ${name} --help.\n`)
  if (parsed.help) return print(io, commandHelp(name, command))
  const runnable: Runnable = await command.load()
  return runnable.run({ io, ...parsed.call })
}

type Parsed =
  | { readonly ok: true; readonly help: boolean; readonly call: Omit<Call, 'io'> }
  | { readonly ok: false; readonly message: string }

function parse(command: Command, args: readonly string[]): Parsed {
  const end = args.indexOf('--')
  const own = end === -1 ? args : args.slice(0, end)
  const rest = end === -1 ? undefined : args.slice(end + 1)
  // Importing node:util costs 8 ms: the names of its module are filled by running lazy getters.
  const { parseArgs } = process.getBuiltinModule('node:util')
  try {
    const { values, positionals } = parseArgs({
      args: [...own],
      options: { ...parserOptions(command), help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    })
    const help = values['help'] === true
    if (!help && positionals.length > 0 && !command.positionals?.startsWith('['))
      return { ok: false, message: `unexpected "${positionals[0]}"` }
    return { ok: true, help, call: { values: values as Call['values'], positionals, rest } }
  } catch (error) {
    return { ok: false, message: usageMessage(error as NodeJS.ErrnoException, command) }
  }
}

function parserOptions(command: Command) {
  const entries = Object.entries(command.options).map(([name, { value, short, multiple }]) => {
    const type = value === undefined ? ('boolean' as const) : ('string' as const)
    return [name, { type, ...(short && { short }), ...(multiple && { multiple }) }] as const
  })
  return Object.fromEntries(entries)
}

function usageMessage(error: NodeJS.ErrnoException, command: Command): string {
  if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error
  const given = /'(-[^' ]*)/.exec(error.message)?.[1]
  if (error.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION' || given === undefined)
    return error.message.split('. ')[0]
  const near = nearest(given.replace(/^-+/, ''), [...Object.keys(command.options), 'help'])
  return `unknown option ${given}${near ? `; did you mean --${near}?` : ''}`
}

function help(name: string | undefined, io: Io): number {
  if (name === undefined) return print(io, overview(commands))
  return Object.hasOwn(commands, name)
    ? print(io, commandHelp(name, commands[name]))
    : unknownCommand(name, io)
}

function unknownCommand(name: string, io: Io): number {
  const near = nearest(name, [...Object.keys(commands), 'help'])
  const hint = near ? `did you mean "${near}"?` : `there are ${Object.keys(commands).join(', ')}`
  const what = name.startsWith('-') ? 'unknown option' : 'unknown command'
  return fail(io, `outrigger: ${what} "${name}"; ${hint}\n`)
}

function print(io: Io, text: string): number {
  io.stdout.write(text)
  return 0
}

function fail(io: Io, text: string): number {
  io.stderr.write(text)
  return 2
}
