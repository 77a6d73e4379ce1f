import { blocksOf, type CapturePlan, type Outbound, type PortRange, writeRange } from './plan.ts'

const TABLE = 'inet outrigger'

/**
 * The rules as a script for `nft -f`: one table, which is made anew as a whole or not at all. What else is in the
 * ruleset is not touched, and applying twice is applying once.
 */
export function nftScript(plan: CapturePlan): string {
  const lines = [`table ${TABLE}`, `delete table ${TABLE}`, `table ${TABLE} {`]
  const { inbound, outbound } = plan
  const family = plan.ipv6 ? [] : ['meta nfproto ipv6 return']
  if (inbound !== undefined)
    lines.push(
      ...chain('inbound', 'prerouting', [
        ...family,
        'meta l4proto != tcp return',
        ...except(inbound.exceptPorts),
        ...pairs(inbound.portMap),
        ...only(inbound.ports),
        `meta l4proto tcp redirect to :${inbound.to}`,
      ]),
    )
  if (outbound !== undefined)
    lines.push(
      ...chain('outbound', 'output', [
        ...family,
        'meta l4proto != tcp return',
        ...ids('skuid', outbound.exceptUids),
        ...ids('skgid', outbound.exceptGids),
        // What the application says to itself.
        'oifname "lo" return',
        ...addresses('ip', '', blocksOf(outbound.exceptBlocks, 4)),
        ...addresses('ip6', '', blocksOf(outbound.exceptBlocks, 6)),
        ...ranges(outbound.blocks),
        ...except(outbound.exceptPorts),
        ...pairs(outbound.portMap),
        ...only(outbound.ports),
        `meta l4proto tcp redirect to :${outbound.to}`,
      ]),
    )
  lines.push('}')
  return `${lines.join('\n')}\n`
}

/** Removes exactly what `nftScript` makes; nothing when it is not there. */
export function nftRemoval(): string {
  return `table ${TABLE}\ndelete table ${TABLE}\n`
}

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  return [
    `  chain ${name} {`,
    `    type nat hook ${hook} priority -100; policy accept;`,
    ...rules.map(rule => `    ${rule}`),
    '  }',
  ]
}

function ranges(blocks: Outbound['blocks']): string[] {
  if (blocks === undefined) return []
  const [four, six] = [blocksOf(blocks, 4), blocksOf(blocks, 6)]
  return [
    ...(four.length > 0 ? addresses('ip', '!= ', four) : ['meta nfproto ipv4 return']),
    ...(six.length > 0 ? addresses('ip6', '!= ', six) : ['meta nfproto ipv6 return']),
  ]
}

function addresses(family: 'ip' | 'ip6', not: string, blocks: readonly string[]): string[] {
  return blocks.length === 0 ? [] : [`${family} daddr ${not}{ ${blocks.join(', ')} } return`]
}

function ids(key: string, values: readonly number[]): string[] {
  return values.length === 0 ? [] : [`meta ${key} { ${values.join(', ')} } return`]
}

function except(ports: readonly PortRange[]): string[] {
  return ports.length === 0 ? [] : [`tcp dport ${set(ports)} return`]
}

function pairs(portMap: Outbound['portMap']): string[] {
  return portMap.map(({ port, to }) => `tcp dport ${port} redirect to :${to}`)
}

function only(ports: readonly PortRange[] | undefined): string[] {
  return ports === undefined ? [] : [`tcp dport != ${set(ports)} return`]
}

function set(ports: readonly PortRange[]): string {
  return `{ ${ports.map(range => writeRange(range, '-')).join(', ')} }`
}
