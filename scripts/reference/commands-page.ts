import type { Command } from '../../src/cli/commands.ts'
import { optionRows, usage } from '../../src/cli/help.ts'

/** The reference page of the command line as Markdown, made from the table of commands. */
export function commandsPage(commands: Readonly<Record<string, Command>>): string {
  const sections = Object.entries(commands).flatMap(([name, command]) => section(name, command))
  return `${[
    '# Command line reference',
    '',
    'Exit codes: 0 all is well; 1 something failed or was found; 2 wrong usage or configuration.',
    'With an application, `outrigger run` ends with its exit code.',
    '',
    ...sections,
  ]
    .join('\n')
    .trimEnd()}\n`
}

function section(name: string, command: Command): string[] {
  const rows = optionRows(command).map(
    ([option, about]) => `| \`${option.trim()}\` | ${about.replaceAll('|', '\\|')} |`,
  )
  return [
    `## outrigger ${name}`,
    '',
    `${command.summary}.`,
    ...(command.about ? ['', command.about] : []),
    '',
    '```',
    usage(name, command),
    '```',
    '',
    '| option | meaning |',
    '|---|---|',
    ...rows,
    '',
  ]
}
