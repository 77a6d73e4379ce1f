import type { Fault } from './discovery.ts'
import type { Trouble } from './problems.ts'

/** What is wrong with the patterns, for people: by path, naming the key. */
export function troublesOf(faults: readonly Fault[], key: string): Map<string, Trouble> {
  const troubles = new Map<string, Trouble>()
  for (const fault of faults) {
    const message = `${key}.paths[${fault.pattern}]: ${textOf(fault)}`
    troubles.set(fault.path, { event: `tail_${fault.kind}`, message })
  }
  return troubles
}

function textOf({ kind, path, code }: Fault): string {
  switch (kind) {
    case 'is_folder':
      return `${path} is a folder, expected a file; write ${path}/*.log for the files in it`
    case 'not_a_file':
      return `${path} is not a regular file, so it cannot be followed`
    case 'missing_folder':
      return `the folder ${path} does not exist yet; its files are read once it appears`
    case 'unreadable':
      return `${path} cannot be looked at (${code}); let the sidecar run with a group that may read it`
  }
}
