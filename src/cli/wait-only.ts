import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, resolve } from 'node:path'
import { formatAddress } from '../kernel/config/address.ts'
import { parseDuration } from '../kernel/config/units.ts'
import type { Address } from '../kernel/module.ts'
import { adminAddress } from './admin-address.ts'
import type { Call } from './call.ts'
import { askReady } from './readiness.ts'

const DEFAULT_TIMEOUT = '60s'
const ASK_EVERY_MS = 100

/** Waits until the sidecar that runs beside us is ready, then becomes the application: same process, nothing of us is left. */
export async function waitThenBecome(call: Call): Promise<number> {
  const { io, values, rest } = call
  const fail = (code: number, message: string) => {
    io.stderr.write(`outrigger run --wait-only: ${message}\n`)
    return code
  }
  if (!rest?.length) return fail(2, 'a command is needed: outrigger run --wait-only -- COMMAND')
  const timeoutMs = parseDuration(String(values['timeout'] ?? DEFAULT_TIMEOUT))
  if (timeoutMs === undefined)
    return fail(2, `--timeout: expected a duration such as 60s, got "${values['timeout']}"`)
  const admin = await adminAddress(call)
  if ('problem' in admin) return fail(2, admin.problem)
  const last = await untilReady(admin.address, timeoutMs)
  if (last !== undefined)
    return fail(
      1,
      `the sidecar at ${formatAddress(admin.address)} was not ready within ${timeoutMs / 1000} s: ${last}`,
    )
  const found = await findProgram(rest[0]!, io.env['PATH'] ?? '', io.cwd)
  if ('code' in found) return fail(found.code, found.message)
  become(found.path, rest, io.env)
  return 126
}

/** undefined once /readyz answers 200; else, when the time is over, the last answer. */
async function untilReady(address: Address, timeoutMs: number): Promise<string | undefined> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const answer = await askReady(address)
    if (answer === undefined || performance.now() >= end) return answer
    await new Promise(resolve => setTimeout(resolve, ASK_EVERY_MS))
  }
}

type Found = { readonly path: string } | { readonly code: number; readonly message: string }

/** What a shell would run for this name: 127 when there is none, 126 when it cannot be executed. */
export async function findProgram(name: string, path: string, cwd: string): Promise<Found> {
  const candidates = name.includes('/')
    ? [resolve(cwd, name)]
    : path.split(delimiter).map(folder => resolve(cwd, folder, name))
  let found: string | undefined
  for (const candidate of candidates) {
    if (!(await isFile(candidate))) continue
    if (await isExecutable(candidate)) return { path: candidate }
    found ??= candidate
  }
  return found
    ? { code: 126, message: `${found} is not executable` }
    : { code: 127, message: `there is no command ${name}` }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** Replaces this process's program; returns only when there is no way to. */
function become(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): void {
  process.removeAllListeners('warning')
  process.execve?.(path, args, env as NodeJS.ProcessEnv)
}
