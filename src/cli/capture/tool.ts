import type { Call } from '../call.ts'
import { iptablesRemoval, iptablesRules, JUMPS } from './iptables.ts'
import { nftRemoval, nftScript } from './nft.ts'
import type { CapturePlan } from './plan.ts'

export const BACKENDS = ['nft', 'iptables', 'iptables-nft', 'iptables-legacy'] as const
export type Backend = (typeof BACKENDS)[number]

/** Runs a program with a text on its stdin; tests give their own. */
export type Execute = (program: string, args: readonly string[], input?: string) => Promise<Executed>

export interface Executed {
  /** Undefined: the program is not there. */
  readonly code: number | undefined
  readonly stderr: string
}

/** A failure that `message` tells a person how to mend. */
export class CaptureError extends Error {}

/** nft where it is there, iptables otherwise. */
export async function findBackend(execute: Execute): Promise<Backend> {
  for (const backend of ['nft', 'iptables'] as const)
    if ((await execute(backend, ['--version'])).code === 0) return backend
  throw new CaptureError(
    'neither nft nor iptables is installed; on Debian and Ubuntu: apt-get install nftables',
  )
}

export async function apply(plan: CapturePlan, backend: Backend, execute: Execute): Promise<void> {
  if (backend === 'nft') {
    await must(execute, 'nft', ['-f', '-'], nftScript(plan))
    return
  }
  for (const [tool, family] of tools(backend, plan.ipv6)) {
    const missing: (typeof JUMPS)[number][] = []
    for (const jump of JUMPS) {
      const [from, to] = jump
      const there = await execute(tool, ['-w', '-t', 'nat', '-C', from, '-p', 'tcp', '-j', to])
      if (there.code !== 0) missing.push(jump)
    }
    await must(execute, restoreOf(tool), ['-w', '--noflush'], iptablesRules(plan, family, missing))
  }
}

export async function remove(backend: Backend, execute: Execute): Promise<void> {
  if (backend === 'nft') {
    await must(execute, 'nft', ['-f', '-'], nftRemoval())
    return
  }
  for (const [tool] of tools(backend, true))
    for (const args of iptablesRemoval()) {
      const { code, stderr } = await execute(tool, ['-w', ...args])
      if (code !== 0 && !ABSENT.test(stderr)) throw failure(tool, code, stderr)
    }
}

/** What `apply` would do, as commands for a shell. */
export function print(plan: CapturePlan, backend: Backend): string {
  if (backend === 'nft') return heredoc('nft -f -', nftScript(plan))
  return tools(backend, plan.ipv6)
    .map(([tool, family]) => heredoc(`${restoreOf(tool)} -w --noflush`, iptablesRules(plan, family)))
    .join('')
}

export function printRemoval(backend: Backend): string {
  if (backend === 'nft') return heredoc('nft -f -', nftRemoval())
  return tools(backend, true)
    .flatMap(([tool]) => iptablesRemoval().map(args => `${tool} -w ${args.join(' ')}\n`))
    .join('')
}

/** iptables's own words for a rule or a chain that is not there. */
const ABSENT =
  /does a matching rule exist|No chain\/target\/match|Couldn't load target|does not exist|Bad rule/

function tools(backend: Exclude<Backend, 'nft'>, ipv6: boolean): [string, 4 | 6][] {
  const four: [string, 4] = [backend, 4]
  return ipv6 ? [four, [backend.replace('iptables', 'ip6tables'), 6]] : [four]
}

/** iptables-nft -> iptables-nft-restore */
function restoreOf(tool: string): string {
  return `${tool}-restore`
}

function heredoc(command: string, text: string): string {
  return `${command} <<'END'\n${text}END\n`
}

async function must(
  execute: Execute,
  program: string,
  args: readonly string[],
  input: string,
): Promise<void> {
  const { code, stderr } = await execute(program, args, input)
  if (code !== 0) throw failure(program, code, stderr)
}

function failure(program: string, code: number | undefined, stderr: string): CaptureError {
  if (code === undefined)
    return new CaptureError(
      `${program} is not installed; on Debian and Ubuntu: apt-get install ${program === 'nft' ? 'nftables' : 'iptables'}`,
    )
  if (/permitted|[Pp]ermission denied|must be root/.test(stderr))
    return new CaptureError(
      'the rules may be changed only by root with the capability NET_ADMIN; in Kubernetes an init container with securityContext.capabilities.add: [NET_ADMIN] may',
    )
  return new CaptureError(`${program}: ${stderr.trim() || `exit code ${code}`}`)
}

/** The programs of this machine. */
export function executeHere(call: Call): Execute {
  const path = `${call.io.env['PATH'] ?? ''}:/usr/sbin:/sbin`
  const { spawn } = process.getBuiltinModule('node:child_process')
  return (program, args, input = '') =>
    new Promise(resolve => {
      const child = spawn(program, args, { env: { PATH: path }, stdio: ['pipe', 'ignore', 'pipe'] })
      let stderr = ''
      child.stderr.on('data', chunk => {
        stderr += chunk
      })
      child.stdin.on('error', () => {})
      child.on('error', () => resolve({ code: undefined, stderr }))
      child.on('close', code => resolve({ code: code ?? 1, stderr }))
      child.stdin.end(input)
    })
}
