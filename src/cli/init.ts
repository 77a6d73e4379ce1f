import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Call } from './call.ts'
import { ask } from './init/ask.ts'
import { look } from './init/findings.ts'
import { firstConfiguration } from './init/first-configuration.ts'

/** `outrigger init` */
export async function run({ io, values }: Call): Promise<number> {
  const output = String(values['output'] ?? 'outrigger.yaml')
  const { choices: found, notes } = await look(io.cwd, io.env)
  const interactive = values['yes'] !== true && io.stdin.isTTY === true && io.stderr.isTTY === true
  for (const note of notes) io.stderr.write(`found ${note}\n`)
  const choices = interactive ? await ask(found, io) : found
  if (choices === undefined) return 1
  const text = firstConfiguration(choices)
  if (output === '-') {
    io.stdout.write(text)
    return 0
  }
  return write(resolve(io.cwd, output), output, text, values['force'] === true, io)
}

async function write(
  path: string,
  name: string,
  text: string,
  force: boolean,
  io: Call['io'],
): Promise<number> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text, { flag: force ? 'w' : 'wx' })
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    const reason = exists
      ? 'it exists already; --force overwrites it, --output names another'
      : (error as Error).message
    io.stderr.write(`outrigger init: cannot write ${name}: ${reason}\n`)
    return exists ? 2 : 1
  }
  io.stdout.write(`wrote ${name}\nnext: outrigger check -c ${name}, then outrigger run -c ${name}\n`)
  return 0
}
