/** One way to show metrics, and the Content-Type that announces it. */
export interface Exposition {
  readonly format: 'text' | 'openmetrics'
  readonly contentType: string
}

const TEXT: Exposition = { format: 'text', contentType: 'text/plain; version=0.0.4; charset=utf-8' }

/**
 * What a scraper's Accept header asks for: the entry with the highest q that we can serve, the earlier one of equals;
 * the text format when there is none: https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiateExposition(accept: string | undefined): Exposition {
  let best = TEXT
  let bestQuality = 0
  for (const entry of (accept ?? '').split(',')) {
    const { type, parameters } = parseEntry(entry)
    const exposition = serve(type, parameters.get('version'))
    const quality = qualityOf(parameters.get('q'))
    if (!exposition || quality <= bestQuality) continue
    best = exposition
    bestQuality = quality
  }
  return best
}

function serve(type: string, version: string | undefined): Exposition | undefined {
  if (type === '*/*' || type === 'text/*') return TEXT
  if (type === 'text/plain') return version === undefined || version === '0.0.4' ? TEXT : undefined
  if (type !== 'application/openmetrics-text') return undefined
  if (version !== undefined && version !== '1.0.0' && version !== '0.0.1') return undefined
  const contentType = `application/openmetrics-text; version=${version ?? '1.0.0'}; charset=utf-8`
  return { format: 'openmetrics', contentType }
}

function parseEntry(entry: string): { type: string; parameters: Map<string, string> } {
  const [type = '', ...rest] = entry.split(';').map(part => part.trim())
  const pairs = rest.map(part => {
    const [name = '', value = ''] = part.split('=', 2)
    return [name.trim().toLowerCase(), value.trim().replaceAll('"', '')] as const
  })
  return { type: type.toLowerCase(), parameters: new Map(pairs) }
}

function qualityOf(text: string | undefined): number {
  if (text === undefined) return 1
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0
}
