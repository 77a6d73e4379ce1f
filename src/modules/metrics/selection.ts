import type { Problem } from '../../kernel/config/problem.ts'
import { s } from '../../kernel/config/schema.ts'
import { type Label, type MetricFamily, shownName } from '../../wire/prometheus/family.ts'

/** Which metrics an output gets, and what it adds to them. Each output has these options. */
export const selectionFields = {
  names: s.list(s.string({ about: 'A name; `*` stands for any text.', pattern: /^[a-zA-Z0-9_:*]+$/ }), {
    about: 'The metrics that this output gets, by name.',
    default: ['*'],
    minItems: 1,
    example: ['outrigger_logs_*', 'process_cpu_seconds_total'],
  }),
  labels: s.map(s.string({ about: 'The value of the label.' }), {
    about: 'Labels that every series gets, unless it has one of that name itself.',
    default: {},
    example: { job: 'checkout', instance: `\${HOSTNAME}` },
  }),
}

export interface Selection {
  readonly names: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** Paths begin behind the output's kind. */
export function checkLabels({ labels }: Selection): Problem[] {
  return Object.keys(labels).flatMap(name => {
    if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !name.startsWith('__')) return []
    const message = `expected letters, digits and _ (no digit and not __ in front), got "${name}"`
    return [{ path: ['labels', name], message }]
  })
}

/** Picks families and adds labels to their samples. */
export class FamilySelector {
  readonly #patterns: readonly RegExp[]
  readonly #labels: readonly Label[]
  readonly #verdicts = new Map<string, boolean>()

  constructor({ names, labels }: Selection) {
    this.#patterns = names.map(name => new RegExp(`^${name.split('*').join('.*')}$`))
    this.#labels = Object.entries(labels)
  }

  /** With a time, every sample that has none gets it. */
  select(families: readonly MetricFamily[], timeMs?: number): MetricFamily[] {
    const chosen = families.filter(family => this.#takes(family))
    if (this.#labels.length === 0 && timeMs === undefined) return chosen
    return chosen.map(family => ({
      ...family,
      samples: family.samples.map(sample => ({
        ...sample,
        labels: this.#labelled(sample.labels),
        ...(timeMs !== undefined && sample.timeMs === undefined && { timeMs }),
      })),
    }))
  }

  #takes(family: MetricFamily): boolean {
    const shown = shownName(family)
    let verdict = this.#verdicts.get(shown)
    if (verdict === undefined) {
      verdict = this.#patterns.some(pattern => pattern.test(shown))
      this.#verdicts.set(shown, verdict)
    }
    return verdict
  }

  #labelled(own: readonly Label[]): readonly Label[] {
    if (this.#labels.length === 0) return own
    return [...own, ...this.#labels.filter(([name]) => !own.some(label => label[0] === name))]
  }
}
