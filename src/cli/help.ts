import type { Command, Option } from './commands.ts'
import { table, wrap } from './layout.ts'

type Commands = Readonly<Record<string, Command>>

const width = 100
const helpOption: Option = { about: 'Show this help.', short: 'h' }

/** What `outrigger help` prints. */
export function overview(commands: Commands): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary])
  return `${[
    'Outrigger: the sidecar as a product. One small process beside an application.',
    '',
    'Usage: outrigger COMMAND [OPTIONS]',
    '',
    ...table(rows, { indent: 2, width }),
    '',
    'outrigger COMMAND --help says more. outrigger --version prints the version.',
    'Exit codes: 0 all is well; 1 something failed or was found; 2 wrong usage or configuration.',
  ].join('\n')}\n`
}

/** What `outrigger NAME --help` prints. */
export function commandHelp(name: string, command: Command): string {
  const about = command.about ? ['', ...wrap(command.about, width)] : []
  const rows = optionRows(command)
  return `${[`${command.summary}.`, '', `Usage: ${usage(name, command)}`, ...about, '', 'Options:', ...table(rows, { indent: 2, width })].join('\n')}\n`
}

export function usage(name: string, { options, positionals }: Command): string {
  const parts = Object.entries(options).map(([long, option]) => {
    const written =
      option.value === undefined
        ? `--${long}`
        : `${option.short ? `-${option.short}` : `--${long}`} ${option.value}`
    return `[${written}]${option.multiple ? '...' : ''}`
  })
  const line = (inner: readonly string[]) =>
    ['outrigger', name, ...inner, ...(positionals ? [positionals] : [])].join(' ')
  return line(parts).length < width - 'Usage: '.length ? line(parts) : line(['[OPTIONS]'])
}

/** Each option as it is written, and what it means. */
export function optionRows({ options }: Command): string[][] {
  return Object.entries({ ...options, help: helpOption }).map(([long, option]) => {
    const short = option.short ? `-${option.short}, ` : '    '
    return [`${short}--${long}${option.value ? ` ${option.value}` : ''}`, option.about]
  })
}
