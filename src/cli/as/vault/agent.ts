import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import packageFile from '../../../../package.json' with { type: 'json' }
import { type Loaded, loadConfiguration } from '../../../kernel/config/load.ts'
import { noteText } from '../../../kernel/config/report.ts'
import type { Sidecar } from '../../../kernel/lifecycle/sidecar.ts'
import { modules } from '../../../modules/registry.ts'
import type { Finding } from '../../../personalities/finding.ts'
import { type CommandLine, parseCommandLine } from '../../../personalities/vault-agent/command-line.ts'
import { loadVaultAgent } from '../../../personalities/vault-agent/load.ts'
import {
  type AgentBehaviour,
  persistenceKey,
  type Translation,
} from '../../../personalities/vault-agent/translate.ts'
import type { Io } from '../../io.ts'
import { runModules } from '../../run.ts'
import { findingLine, findingReport, placeText } from '../report.ts'
import { agentApiModule, listenerNotation } from './agent-api.ts'
import { EndWatch } from './end-watch.ts'
import {
  existingMode,
  preparePersistence,
  readConfigurationFiles,
  ScratchFolder,
  templateText,
  whyNotWritable,
} from './files.ts'
import { agentHelp } from './help.ts'
import { LogFile } from './log-file.ts'
import { jsonLogLine, standardLine } from './log-line.ts'

/** `vault agent …`: 0 for an orderly end, the application's code with exec, 1 for all that is wrong. */
export async function runAgent(args: readonly string[], io: Io): Promise<number> {
  if (args[0] === 'generate-config')
    return (await import('./generate-config.ts')).generateConfig(args.slice(1), io)
  const parsed = parseCommandLine(args)
  if (!parsed.ok) {
    io.stderr.write(`${parsed.message}\n`)
    return 1
  }
  const { commandLine } = parsed
  if (commandLine.help) {
    io.stdout.write(agentHelp())
    return 0
  }
  if (commandLine.configs.length === 0) {
    io.stderr.write('Must specify exactly at least one config path using -config\n')
    return 1
  }
  try {
    using scratch = new ScratchFolder(io.env['HOME'])
    return await new Agent(commandLine, io, scratch).whole()
  } catch (error) {
    io.stderr.write(`${(error as Error).message}\n`)
    return 1
  }
}

class Agent {
  readonly #commandLine: CommandLine
  readonly #io: Io
  readonly #scratch: ScratchFolder
  #current: Translation
  #logFile: LogFile | undefined
  #end: (why: string, code?: number) => void = () => {}
  #endWatch: EndWatch | undefined

  constructor(commandLine: CommandLine, io: Io, scratch: ScratchFolder) {
    this.#commandLine = commandLine
    this.#io = io
    this.#scratch = scratch
    this.#current = this.#read()
  }

  async whole(): Promise<number> {
    const { findings, behaviour } = this.#current
    const errors = findings.filter(({ level }) => level === 'error')
    if (errors.length > 0) {
      this.#io.stderr.write(findingReport(errors))
      // One line each, so that nobody takes them for what holds the agent.
      for (const finding of findings)
        if (finding.level === 'warning') this.#io.stderr.write(`warning: ${findingLine(finding)}\n`)
      this.#io.stderr.write(
        `${errors.length} ${errors.length === 1 ? 'error' : 'errors'}, nothing was started.\n`,
      )
      return 1
    }
    // A sink that can never be written is a mistake that Vault Agent, too, finds before it logs in.
    const refused = [...behaviour.sinks].flatMap(path => {
      const reason = whyNotWritable(path)
      return reason === undefined ? [] : [`error creating file sink: ${path}: ${reason}\n`]
    })
    if (refused.length > 0) {
      this.#io.stderr.write(refused.join(''))
      return 1
    }
    this.#openLogFile(behaviour)
    this.#io.stdout.write(banner(behaviour))
    using _ = pidFile(behaviour.pidFile)
    const { format } = behaviour.logging
    const labelOf = (delivery: string) => this.#current.behaviour.labels.get(delivery)
    const line = format === 'json' ? jsonLogLine(labelOf) : standardLine(labelOf)
    for (const finding of [...findings, ...ofSystemd(this.#io.env)])
      this.#put(
        line(
          {
            timeMs: Date.now(),
            level: 'warn',
            module: 'kernel',
            event: 'finding',
            message: findingLine(finding),
            fields: {},
          },
          false,
        ),
      )
    const code = await runModules(
      { io: this.#io, values: {}, positionals: [], rest: undefined },
      () => this.#load(),
      {
        format: line,
        write: text => this.#put(text),
        attach: (sidecar, __, end) => this.#attach(sidecar, end),
        ready: () => this.#ready(),
        reloads: () => true,
        endsWithOwnCode: true,
      },
    )
    this.#endWatch?.[Symbol.dispose]()
    return code === 2 ? 1 : code
  }

  #attach(sidecar: Sidecar, end: (why: string, code?: number) => void): void {
    this.#end = end
    this.#endWatch = new EndWatch(sidecar, () => this.#current.behaviour, end)
  }

  #ready(): void {
    if (this.#current.behaviour.exitAfterAuth) this.#end('sinks finished, exiting', 0)
  }

  #read(): Translation {
    const { configs } = this.#commandLine
    return loadVaultAgent(readConfigurationFiles(configs, this.#io.cwd), {
      commandLine: this.#commandLine,
      cwd: this.#io.cwd,
      environment: name => this.#io.env[name],
      bundle: given => this.#scratch.bundle(given, this.#io.cwd),
      existingMode,
      templateText,
    })
  }

  /** Reads everything anew: at the start, and at each reload. */
  async #load(): Promise<Loaded> {
    const read = this.#read()
    const errors = read.findings.filter(({ level }) => level === 'error')
    if (errors.length > 0) return { ok: false, report: findingReport(errors), problems: [] }
    const loaded = await loadConfiguration({
      files: [],
      environment: {},
      modules: {
        ...modules,
        'vault-agent': async () => agentApiModule(() => this.#end('received quit request', 0)),
      },
      cwd: this.#io.cwd,
      overrides: {
        ...read.configuration,
        dataDir: this.#scratch.path,
        ...(await this.#persisted(read)),
        admin: { listen: join(this.#scratch.path, 'admin.sock') },
        'vault-agent': {
          ...read.behaviour.proxy,
          listeners: read.behaviour.listeners.map(listenerNotation),
        },
      },
    })
    if (!loaded.ok) return { ...loaded, report: placedReport(loaded, read) }
    this.#current = read
    return loaded
  }

  /** Leases are kept for the next agent where there is a place for them. */
  async #persisted({ behaviour: { persistence }, configuration }: Translation): Promise<object> {
    if (persistence === undefined) return {}
    try {
      await preparePersistence(persistence.folder, persistenceKey(persistence))
      return { dataDir: persistence.folder }
    } catch (error) {
      const problem = `cache.persist: ${persistence.folder} cannot be written: ${(error as Error).message}`
      if (persistence.isNeeded) throw new Error(problem, { cause: error })
      this.#io.stderr.write(`${problem}; leases are not kept for the next agent\n`)
      const { lastGood: _, ...secrets } = configuration['secrets'] as Record<string, unknown>
      return { secrets }
    }
  }

  #openLogFile({ logging }: AgentBehaviour): void {
    if (logging.file === undefined) return
    this.#logFile = new LogFile({ ...logging, path: logging.file, cwd: this.#io.cwd, now: () => Date.now() })
  }

  /** The log goes to standard error, and to the file beside it. */
  #put(text: string): void {
    this.#io.stderr.write(text)
    try {
      this.#logFile?.write(text)
    } catch (error) {
      this.#io.stderr.write(`the log file cannot be written: ${(error as Error).message}\n`)
      this.#logFile = undefined
    }
  }
}

/** Vault Agent tells systemd that it is ready. A unit that waits for that would end us after a minute and a half. */
function ofSystemd(env: Io['env']): Finding[] {
  if (!env['NOTIFY_SOCKET']) return []
  return [
    {
      level: 'warning',
      place: { file: 'NOTIFY_SOCKET', line: 0, column: 0 },
      subject: '',
      message: 'is set, and systemd is not told that the agent is ready',
      hint: 'set Type=exec in the unit, not Type=notify',
    },
  ]
}

function banner({ listeners, address, logging }: AgentBehaviour): string {
  const facts: Array<[string, string]> = [
    ...listeners.map(({ listen, tls }, index): [string, string] => [
      `Api Address ${index + 1}`,
      listen.startsWith('/') ? `unix://${listen}` : `${tls === undefined ? 'http' : 'https'}://${listen}`,
    ]),
    ['Log Level', logging.level],
    ['Vault Address', address],
    ['Version', `Outrigger v${packageFile.version}`],
  ]
  const lines = facts.map(([name, value]) => `${name.padStart(24)}: ${value}\n`)
  return `==> Vault Agent started! Log data will stream in below:\n\n==> Vault Agent configuration:\n\n${lines.join('')}\n`
}

function pidFile(path: string | undefined): Disposable {
  if (path !== undefined) writeFileSync(path, `${process.pid}`)
  return {
    [Symbol.dispose]: () => {
      if (path !== undefined) rmSync(path, { force: true })
    },
  }
}

/** What our own rules say of the translation, at the places that it came from. */
function placedReport(loaded: Extract<Loaded, { ok: false }>, read: Translation): string {
  return loaded.problems
    .map(problem => {
      const place = read.placeOf(problem.path)
      const at = place === undefined ? '' : `${placeText({ place })}  `
      const hint = problem.hint === undefined ? '' : `\n    hint: ${problem.hint}`
      return `${at}${noteText({ ...problem, file: problem.path.join('.') })}${hint}\n`
    })
    .join('')
}
