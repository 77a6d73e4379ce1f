import { blocksOf, type CapturePlan, type Outbound, type PortRange, writeRange } from './plan.ts'

export const CHAINS = { inbound: 'OUTRIGGER_INBOUND', outbound: 'OUTRIGGER_OUTBOUND' } as const
/** Where the chains hang in, and for what. */
export const JUMPS = [
  ['PREROUTING', CHAINS.inbound],
  ['OUTPUT', CHAINS.outbound],
] as const

/**
 * The rules of one family for `iptables-restore --noflush`: two chains of our own, emptied and filled in one step.
 * `jumps` are those of JUMPS that are missing; what else is in the tables is not touched.
 */
export function iptablesRules(
  plan: CapturePlan,
  family: 4 | 6,
  jumps: readonly (readonly [string, string])[] = JUMPS,
): string {
  const lines = ['*nat', `:${CHAINS.inbound} - [0:0]`, `:${CHAINS.outbound} - [0:0]`]
  for (const [from, to] of jumps) lines.push(`-A ${from} -p tcp -j ${to}`)
  const { inbound, outbound } = plan
  if (inbound !== undefined) {
    const add = (match: string, target = 'RETURN') => lines.push(rule(CHAINS.inbound, match, target))
    for (const range of inbound.exceptPorts) add(port(range))
    redirect(inbound, add)
  }
  if (outbound !== undefined) {
    const add = (match: string, target = 'RETURN') => lines.push(rule(CHAINS.outbound, match, target))
    for (const id of outbound.exceptUids) add(`-m owner --uid-owner ${id}`)
    for (const id of outbound.exceptGids) add(`-m owner --gid-owner ${id}`)
    add('-o lo')
    for (const block of blocksOf(outbound.exceptBlocks, family)) add(`-d ${block}`)
    for (const range of outbound.exceptPorts) add(port(range))
    const blocks = outbound.blocks && blocksOf(outbound.blocks, family)
    if (blocks === undefined) redirect(outbound, add)
    else
      for (const block of blocks)
        redirect(outbound, (match, target) => add(`-d ${block} ${match}`.trim(), target))
  }
  lines.push('COMMIT')
  return `${lines.join('\n')}\n`
}

/** The arguments that take everything away again, in order; each may fail when its part is not there. */
export function iptablesRemoval(): string[][] {
  return [
    ...JUMPS.map(([from, to]) => ['-t', 'nat', '-D', from, '-p', 'tcp', '-j', to]),
    ...JUMPS.map(([, chain]) => ['-t', 'nat', '-F', chain]),
    ...JUMPS.map(([, chain]) => ['-t', 'nat', '-X', chain]),
  ]
}

function redirect(
  { ports, to, portMap }: Pick<Outbound, 'ports' | 'to' | 'portMap'>,
  add: (match: string, target: string) => void,
): void {
  for (const pair of portMap) add(`--dport ${pair.port}`, `REDIRECT --to-ports ${pair.to}`)
  const target = `REDIRECT --to-ports ${to}`
  if (ports === undefined) add('', target)
  else for (const range of ports) add(port(range), target)
}

function rule(chain: string, match: string, target: string): string {
  return `-A ${chain} -p tcp${match === '' ? '' : ` ${match}`} -j ${target}`
}

function port(range: PortRange): string {
  return `--dport ${writeRange(range, ':')}`
}
