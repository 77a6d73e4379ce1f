import { accessSync, constants, existsSync } from 'node:fs'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { parse } from 'yaml'
import type { Choices, Format } from './first-configuration.ts'
import { guessFormat } from './guess-format.ts'

const projectFolders = ['logs', 'log', 'var/log']
const systemFolders = ['/var/log/app', '/var/log/nginx']
const composeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']
const defaultDataDir = '/var/lib/outrigger'
const headBytes = 4096

/** Looks around in `cwd` and in the usual places; `notes` says what was found, in words. */
export async function look(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ choices: Choices; notes: string[] }> {
  const notes: string[] = []
  const logs = await findLogs(cwd, env['LOG_PATH'])
  if (logs) notes.push(`log files: ${logs.pattern} (format ${logs.format})`)
  const elasticsearch = env['ELASTICSEARCH_URL'] ?? (await findElasticsearch(cwd))
  if (elasticsearch) notes.push(`Elasticsearch: ${elasticsearch}`)
  const command = await findCommand(cwd)
  if (command) notes.push(`start command: ${command.join(' ')}`)
  const choices: Choices = {
    paths: [logs?.pattern ?? '/var/log/app/*.log'],
    format: logs?.format ?? 'json',
    output: elasticsearch ?? 'store',
    kubernetes: env['KUBERNETES_SERVICE_HOST'] !== undefined,
    ...(!canKeep(defaultDataDir) && { dataDir: './outrigger-data' }),
    ...(command && { command }),
  }
  return { choices, notes }
}

async function findLogs(
  cwd: string,
  logPath: string | undefined,
): Promise<{ pattern: string; format: Format } | undefined> {
  if (logPath) return { pattern: logPath, format: (await formatOf(resolve(cwd, logPath))) ?? 'json' }
  for (const folder of [...projectFolders.map(name => join(cwd, name)), ...systemFolders]) {
    const names = await readdir(folder).catch(() => [])
    const files = names.filter(name => name.endsWith('.log')).sort()
    if (files.length === 0) continue
    const shown = folder.startsWith('/var/') ? folder : `./${relative(cwd, folder)}`
    return { pattern: `${shown}/*.log`, format: await formatOfAny(folder, files) }
  }
  return undefined
}

/** As the first file that has a line shows it; nginx writes text unless it is told otherwise. */
async function formatOfAny(folder: string, names: readonly string[]): Promise<Format> {
  for (const name of names) {
    const format = await formatOf(join(folder, name))
    if (format !== undefined) return format
  }
  return folder.endsWith('/nginx') ? 'raw' : 'json'
}

async function formatOf(file: string): Promise<Format | undefined> {
  try {
    if (!(await stat(file)).isFile()) return undefined
    await using handle = await open(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return bytesRead === 0 ? undefined : guessFormat(buffer.toString('utf8', 0, bytesRead))
  } catch {
    return undefined
  }
}

/** An Elasticsearch or OpenSearch among the services of a Compose file: by its published port, else by its name. */
async function findElasticsearch(cwd: string): Promise<string | undefined> {
  const file = composeFiles.map(name => join(cwd, name)).find(path => existsSync(path))
  if (file === undefined) return undefined
  const compose = await readFile(file, 'utf8')
    .then(parse)
    .catch(() => undefined)
  const services: [string, { image?: unknown; ports?: unknown }][] = Object.entries(compose?.services ?? {})
  const service = services.find(([, { image }]) => /(elasticsearch|opensearch)(:|@|$)/.test(String(image)))
  if (service === undefined) return undefined
  const [name, { ports }] = service
  const published = [ports]
    .flat()
    .map(port => /^(?:[\d.]+:)?(\d+):9200(?:\/tcp)?$/.exec(String(port))?.[1])
    .find(Boolean)
  return published ? `http://localhost:${published}` : `http://${name}:9200`
}

/** The start script of package.json, when it needs no shell. */
async function findCommand(cwd: string): Promise<string[] | undefined> {
  const text = await readFile(join(cwd, 'package.json'), 'utf8').catch(() => '{}')
  try {
    const script: unknown = JSON.parse(text)?.scripts?.start
    return typeof script === 'string' && /^[\w./:@=-]+( [\w./:@=-]+)*$/.test(script)
      ? script.split(' ')
      : undefined
  } catch {
    return undefined
  }
}

/** The folder can be written, or be made. */
function canKeep(folder: string): boolean {
  const nearest = existsSync(folder) ? folder : dirname(folder)
  try {
    accessSync(nearest, constants.W_OK)
    return true
  } catch {
    return false
  }
}
