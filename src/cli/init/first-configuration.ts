// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of the configuration, not templates
import { written } from '../../kernel/config/describe.ts'

export type Format = 'json' | 'raw' | 'logfmt' | 'cri' | 'docker'

/** What a first configuration depends on. */
export interface Choices {
  readonly paths: readonly string[]
  readonly format: Format
  /** `store`, `stdout`, or the URL of an Elasticsearch or OpenSearch. */
  readonly output: string
  /** Absent when the default folder will do. */
  readonly dataDir?: string
  /** How the application is started, when that is known. */
  readonly command?: readonly string[]
  /** In a pod, kubelet asks from outside. */
  readonly kubernetes: boolean
}

/** A commented outrigger.yaml that `outrigger check` accepts. */
export function firstConfiguration(choices: Choices): string {
  return `${[
    '# Configuration of Outrigger. `outrigger check` says what is wrong with it,',
    '# `outrigger explain logs.inputs.tail` what an option means.',
    '',
    ...application(choices.command),
    ...admin(choices.kubernetes),
    ...dataDir(choices.dataDir),
    'logs:',
    '  inputs:',
    '    # Follows files through rotation; what is read is never lost, even when a destination is away.',
    '    - tail:',
    '        paths:',
    ...choices.paths.map(path => `          - ${written(path)}`),
    '        # json, raw, logfmt, cri, docker or regex',
    `        format: ${choices.format}`,
    '  outputs:',
    ...output(choices.output),
  ].join('\n')}\n`
}

function application(command: readonly string[] | undefined): string[] {
  const example = (command ?? ['node', 'server.js']).map(written).join(', ')
  return [
    '# Outrigger can start the application too, once it is ready itself:',
    '# app:',
    `#   command: [${example}]`,
    '',
  ]
}

function admin(kubernetes: boolean): string[] {
  const about =
    '# Status page: http://127.0.0.1:4600/. Probes and metrics for others get a listener of their own:'
  const lines = ['admin:', '  public: 0.0.0.0:4601']
  return [about, ...(kubernetes ? lines : lines.map(line => `# ${line}`)), '']
}

function dataDir(folder: string | undefined): string[] {
  if (folder === undefined) return []
  return [
    '# What must survive a restart: positions in files, records that were not sent yet.',
    `dataDir: ${written(folder)}`,
    '',
  ]
}

function output(destination: string): string[] {
  if (destination === 'stdout') return ['    - stdout:']
  if (destination === 'store')
    return [
      '    # An embedded database with full-text search: outrigger logs',
      '    - store:',
      '        maxAge: 7d',
      '        maxSize: 1GiB',
    ]
  return [
    '    - elasticsearch:',
    `        url: ${written(destination)}`,
    '        # The value of an environment variable:',
    '        # apiKey: ${ES_API_KEY}',
  ]
}
