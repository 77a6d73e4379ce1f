import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import type { Host } from '../../../kernel/module.ts'
import { checkLabels } from '../selection.ts'
import type { Output, OutputName } from './output.ts'
import { prometheusConfig } from './prometheus/config.ts'
import { checkRemoteWrite, remoteWriteConfig } from './remote-write/config.ts'
import { stdoutConfig } from './stdout/config.ts'

/** All kinds of outputs: a new one is an entry here and in the functions below, and a folder. */
export const outputSchema = s.oneOf(
  { prometheus: prometheusConfig, remoteWrite: remoteWriteConfig, stdout: stdoutConfig },
  { about: 'One way in which metrics leave the process.' },
)

export type OutputConfig = Infer<typeof outputSchema>

/** Rules between the options of one output. Paths begin behind its kind. */
export function checkOutput(output: OutputConfig): Problem[] {
  switch (output.kind) {
    case 'prometheus':
    case 'stdout':
      return checkLabels(output.config)
    case 'remoteWrite':
      return checkRemoteWrite(output.config)
  }
}

export async function openOutput(output: OutputConfig, host: Host, name: OutputName): Promise<Output> {
  switch (output.kind) {
    case 'prometheus':
      return (await import('./prometheus/output.ts')).openPrometheus(output.config, host, name)
    case 'remoteWrite':
      return (await import('./remote-write/output.ts')).openRemoteWrite(output.config, host, name)
    case 'stdout':
      return (await import('./stdout/output.ts')).openStdout(output.config, host, name)
  }
}
