import { type Label, type MetricFamily, type Sample, shownName } from './family.ts'

/** How one notation differs from the other. */
interface Notation {
  readonly header: (family: MetricFamily) => string
  readonly sampleName: (family: MetricFamily, sample: Sample) => string
  readonly label: (label: Label) => string
  readonly time: (timeMs: number) => string
  readonly end: string
}

/**
 * Prometheus text format 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 * Names are taken as they are: whoever makes a family has checked them.
 */
export function prometheusText(families: readonly MetricFamily[]): string {
  return encode(families, TEXT)
}

/** OpenMetrics text format 1.0.0: https://prometheus.io/docs/specs/om/open_metrics_spec/ */
export function openMetricsText(families: readonly MetricFamily[]): string {
  return encode(families, OPEN_METRICS)
}

const TEXT: Notation = {
  header: family => {
    const name = textFamilyName(family)
    return `# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${TEXT_TYPE[family.type]}\n`
  },
  sampleName: (family, sample) => family.name + sample.suffix,
  label: ([name, value]) => `${name}="${escapeQuoted(value)}"`,
  time: timeMs => String(timeMs),
  end: '',
}

const OPEN_METRICS: Notation = {
  header: family => {
    const { name, help } = family
    const unit = UNIT.exec(name)?.[1]
    // Counters without _total are none here.
    const type = family.type === 'counter' && shownName(family) === name ? 'unknown' : family.type
    return `# TYPE ${name} ${type}\n${unit ? `# UNIT ${name} ${unit}\n` : ''}# HELP ${name} ${escapeQuoted(help)}\n`
  },
  sampleName: (family, sample) => family.name + sample.suffix,
  label: ([name, value]) => `${name}="${name === 'le' ? floatText(value) : escapeQuoted(value)}"`,
  time: timeMs => String(timeMs / 1000),
  end: '# EOF\n',
}

/** A unit is declared only where the name ends in it, as the specification asks. */
const UNIT = /_(seconds|bytes|ratio)$/

const TEXT_TYPE: Readonly<Record<MetricFamily['type'], string>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  info: 'gauge',
  unknown: 'untyped',
}

/** In the text format a counter and an info are named after their only sample. */
function textFamilyName(family: MetricFamily): string {
  return family.type === 'info' ? `${family.name}_info` : shownName(family)
}

function encode(families: readonly MetricFamily[], notation: Notation): string {
  let text = ''
  for (const family of families) {
    text += notation.header(family)
    for (const sample of family.samples) {
      const labels = sample.labels.map(notation.label).join(',')
      const braces = labels === '' ? '' : `{${labels}}`
      const time = sample.timeMs === undefined ? '' : ` ${notation.time(sample.timeMs)}`
      text += `${notation.sampleName(family, sample)}${braces} ${numberText(sample.value)}${time}\n`
    }
  }
  return text + notation.end
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeQuoted(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

/** Bounds of buckets are floats in OpenMetrics: 1 is written 1.0. */
function floatText(value: string): string {
  return /^-?\d+$/.test(value) ? `${value}.0` : value
}
