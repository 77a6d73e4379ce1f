import { appendFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import packageFile from '../../../../package.json' with { type: 'json' }
import { type Loaded, loadConfiguration } from '../../../kernel/config/load.ts'
import { noteText } from '../../../kernel/config/report.ts'
import type { Sidecar } from '../../../kernel/lifecycle/sidecar.ts'
import type { Logger } from '../../../kernel/log/logger.ts'
import { modules } from '../../../modules/registry.ts'
import {
  type CommandLine,
  parseCommandLine,
} from '../../../personalities/fluent-bit/command-line/command-line.ts'
import { generatedConfiguration } from '../../../personalities/fluent-bit/command-line/generate.ts'
import { helpText, pluginHelp } from '../../../personalities/fluent-bit/command-line/help.ts'
import { type FluentBitLoaded, loadFluentBit } from '../../../personalities/fluent-bit/load.ts'
import { FLUENT_BIT_VERSION } from '../../../personalities/fluent-bit/version.ts'
import type { Io } from '../../io.ts'
import { runModules } from '../../run.ts'
import { findingLine, findingReport } from '../report.ts'
import { type ApiSubject, apiModule } from './api.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { ExitWatch } from './exit-watch.ts'
import { configurationFiles } from './files.ts'
import { fluentBitLine, logLine } from './log-line.ts'

/** `outrigger as fluent-bit …`: 0 for an orderly end, 1 for all that is wrong. */
export async function runAsFluentBit(args: readonly string[], io: Io): Promise<number> {
  const parsed = parseCommandLine(args)
  if (!parsed.ok) {
    io.stderr.write(`fluent-bit: ${parsed.message}\nTry fluent-bit --help.\n`)
    return 1
  }
  const { commandLine } = parsed
  if (commandLine.version) {
    io.stdout.write(`Fluent Bit v${FLUENT_BIT_VERSION}\nOutrigger ${packageFile.version}\n`)
    return 0
  }
  if (commandLine.generate) return generate(commandLine, io)
  if (commandLine.help !== 'none') {
    io.stdout.write(pluginHelp(commandLine) ?? helpText())
    return 0
  }
  return new FluentBit(commandLine, io).whole()
}

class FluentBit {
  readonly #commandLine: CommandLine
  readonly #io: Io
  readonly #cwd: string
  #current: FluentBitLoaded
  #folder: DataFolder | undefined
  #sidecar: Sidecar | undefined
  #logFile: string | undefined

  constructor(commandLine: CommandLine, io: Io) {
    this.#commandLine = commandLine
    this.#io = io
    this.#cwd = resolve(io.cwd, commandLine.workdir ?? '.')
    this.#current = this.#read()
    this.#logFile = this.#current.service.logFile && resolve(this.#cwd, this.#current.service.logFile)
  }

  async whole(): Promise<number> {
    const { findings } = this.#current
    if (findings.some(({ level }) => level === 'error')) return this.#refuse()
    if (this.#commandLine.dryRun) return this.#dryRun()
    using folder = openDataFolder({
      storagePath: this.#current.service.storagePath,
      config: this.#commandLine.config,
      inputs:
        this.#current.configuration['logs'] &&
        (this.#current.configuration['logs'] as { inputs?: unknown }).inputs,
      strict: this.#commandLine.strict || this.#current.isOneShot,
      cwd: this.#cwd,
    })
    this.#folder = folder
    this.#write(
      'info',
      `[fluent bit] version=${FLUENT_BIT_VERSION}, commit=outrigger-${packageFile.version}, pid=${process.pid}`,
    )
    this.#write(
      'info',
      `[storage] ver=${packageFile.version}, type=filesystem, sync=normal, checksum=on, path=${folder.path}`,
    )
    for (const finding of findings) this.#write('warn', `[config] ${findingLine(finding)}`)
    const code = await runModules(
      { io: this.#io, values: {}, positionals: [], rest: undefined },
      () => this.#load(),
      {
        format: fluentBitLine,
        write: line => this.#put(line),
        attach: (sidecar, logger, end) => this.#attach(sidecar, logger, end),
        ready: () => this.#ready(),
        reloads: () => this.#current.service.hotReload,
      },
    )
    this.#write('info', '[engine] service has stopped (0 pending tasks)')
    return code === 2 ? 1 : code
  }

  #attach(sidecar: Sidecar, _: Logger, end: (why: string, code?: number) => void): void {
    this.#sidecar = sidecar
    this.#exit = new ExitWatch(sidecar, () => this.#current.exits, end)
  }

  #exit: ExitWatch | undefined

  #ready(): void {
    const { service, inputs, outputs } = this.#current
    for (const { name, plugin } of inputs) this.#write('info', `[input:${plugin}:${name}] initializing`)
    for (const { name, plugin } of outputs)
      this.#write('info', `[output:${plugin}:${name}] worker #0 started`)
    for (const line of this.#current.connections) this.#write('debug', `[router] ${line}`)
    if (service.http)
      this.#write('info', `[http_server] listen iface=${service.http.host} tcp_port=${service.http.port}`)
    this.#write('info', '[engine] started')
    this.#exit?.start()
  }

  #read(): FluentBitLoaded {
    return loadFluentBit({
      commandLine: this.#commandLine,
      files: configurationFiles,
      cwd: this.#cwd,
      environment: name => this.#io.env[name] ?? (name === 'HOSTNAME' ? hostName() : undefined),
    })
  }

  /** Reads everything anew: at the start, and at each reload. */
  async #load(): Promise<Loaded> {
    const read = this.#read()
    const errors = read.findings.filter(({ level }) => level === 'error')
    if (errors.length > 0) return { ok: false, report: findingReport(errors), problems: [] }
    const loaded = await this.#decode(read)
    if (loaded.ok) this.#current = read
    return loaded
  }

  async #decode(read: FluentBitLoaded): Promise<Loaded> {
    const { http } = read.service
    const folder = this.#folder?.path ?? this.#cwd
    const overrides = {
      ...read.configuration,
      dataDir: folder,
      admin: { listen: adminSocket(folder) },
      'fluent-bit': http
        ? { listen: `${http.host.includes(':') ? `[${http.host}]` : http.host}:${http.port}` }
        : {},
    }
    const table = { ...modules, 'fluent-bit': async () => apiModule(() => this.#subject()) }
    const loaded = await loadConfiguration({
      files: [],
      environment: {},
      modules: table,
      cwd: this.#cwd,
      overrides,
    })
    if (!loaded.ok) return { ...loaded, report: placedReport(loaded, read) }
    const watched = [...(read.service.watch ? read.files : []), ...read.refreshed.map(({ path }) => path)]
    return { ok: true, configuration: { ...loaded.configuration, files: watched } }
  }

  #subject(): ApiSubject {
    if (this.#sidecar === undefined) throw new Error('there is no sidecar yet')
    return { sidecar: this.#sidecar, names: this.#current.names, service: this.#current.service }
  }

  async #dryRun(): Promise<number> {
    const loaded = await this.#decode(this.#current)
    if (!loaded.ok) {
      this.#io.stderr.write(loaded.report)
      return 1
    }
    this.#io.stderr.write(findingReport(this.#current.findings))
    this.#io.stdout.write('configuration test is successful\n')
    return 0
  }

  #refuse(): number {
    const { findings } = this.#current
    const errors = findings.filter(({ level }) => level === 'error')
    this.#put(findingReport(findings))
    for (const kind of ['input', 'filter', 'output']) {
      const own = errors.filter(({ subject }) => subject.startsWith(kind))
      if (own.length === 0) continue
      if (own.some(({ message }) => message.startsWith('unknown configuration property')))
        this.#write('error', `[config] check properties for ${kind} plugins is failed`)
      this.#write('error', `[engine] ${kind} initialization failed`)
    }
    this.#write(
      'error',
      `[config] ${errors.length} ${errors.length === 1 ? 'error' : 'errors'}, nothing was started`,
    )
    return 1
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', text: string): void {
    const { logLevel } = this.#current.service
    const order = ['trace', 'debug', 'info', 'warn', 'error', 'off']
    const set = logLevel === 'warning' ? 'warn' : logLevel
    if (order.indexOf(level) >= order.indexOf(set)) this.#put(logLine(Date.now(), level, text))
  }

  /** The log goes to the file that the service names, else to standard error. */
  #put(text: string): void {
    if (this.#logFile === undefined) {
      this.#io.stderr.write(text)
      return
    }
    try {
      appendFileSync(this.#logFile, text)
    } catch (error) {
      this.#io.stderr.write(logLine(Date.now(), 'error', `[log] ${(error as Error).message}`))
      this.#logFile = undefined
      this.#io.stderr.write(text)
    }
  }
}

/** `-G`: what the command line says, as a file; what a file cannot say is refused. */
async function generate(commandLine: CommandLine, io: Io): Promise<number> {
  const generated = generatedConfiguration(commandLine)
  if ('problem' in generated) {
    io.stderr.write(`fluent-bit: ${generated.problem}\n`)
    return 1
  }
  const { stringify } = await import('yaml')
  io.stdout.write(stringify(generated.configuration, { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE' }))
  return 0
}

function hostName(): string {
  return process.getBuiltinModule('node:os').hostname()
}

const MAX_SOCKET_PATH = 100

/** Several pipelines on a machine have an admin API each. */
function adminSocket(folder: string): string {
  const path = join(folder, 'admin.sock')
  return path.length <= MAX_SOCKET_PATH ? path : join(dirname(dirname(folder)), 'admin.sock')
}

/** What our own rules say of the translation, at the places that it came from. */
function placedReport(loaded: Extract<Loaded, { ok: false }>, read: FluentBitLoaded): string {
  return loaded.problems
    .map(problem => {
      const place = read.placeOf(problem.path)
      const at = place === undefined ? '' : `${place.file}:${place.line}:${place.column}  `
      const hint = problem.hint === undefined ? '' : `\n    hint: ${problem.hint}`
      return `${at}${noteText({ ...problem, file: problem.path.join('.') })}${hint}\n`
    })
    .join('')
}
