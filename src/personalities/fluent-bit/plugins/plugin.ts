import type { Exit } from '../exits.ts'
import type { MultilineParsers, Parsers } from '../parsers/parsers.ts'
import type { Finding, Section } from '../syntax/document.ts'
import type { Options } from './option.ts'
import type { Settings } from './settings.ts'

/** Values in the notation of outrigger.yaml. */
export type Notation =
  | string
  | number
  | boolean
  | null
  | readonly Notation[]
  | { readonly [key: string]: Notation }
export type NotationMap = { readonly [key: string]: Notation }

/** What the translation of one plugin may look at. */
export interface Surroundings {
  readonly parsers: Parsers
  readonly multilineParsers: MultilineParsers
  readonly upstreams: ReadonlyMap<string, Section>
  /** Fluent Bit's own defaults where they lose data. */
  readonly strict: boolean
  /** Where the tag of the plugin's records comes from unless it is configured: `tail.0`. */
  readonly name: string
  readonly flushMs: number
  /** What there is of metrics: plugins that make some add theirs. */
  readonly metrics: MetricsSource[]
  readonly findings: Finding[]
  /** When the process is to end; filters add to them. */
  readonly exits: Exit[]
}

/** A step of ours. */
export type StepNotation = NotationMap

/** Metrics, which outputs get that take metrics and match their tag. */
export interface MetricsSource {
  readonly tag: string
  /** In the notation of our outputs. */
  readonly names: readonly string[]
  /** How often they are taken. */
  readonly intervalMs: number
}

/** One input of ours: its kind and its options, without name, tag and the steps of processors. */
export interface InputTranslation {
  readonly kind: string
  readonly options: NotationMap
  /** Steps that make the records what Fluent Bit's plugin makes of them. */
  readonly steps?: readonly StepNotation[]
  readonly exit?: Exit
}

/** An output of ours for metrics: its kind and its options, without name and which metrics it gets. */
export interface MetricsOutputTranslation {
  readonly kind: 'prometheus' | 'remoteWrite' | 'stdout'
  readonly options: NotationMap
}

export interface OutputTranslation {
  readonly kind: string
  readonly options: NotationMap
  readonly steps?: readonly StepNotation[]
  readonly exit?: Exit
}

interface Described {
  /** All keys that Fluent Bit documents for it, beside those that every plugin of its kind has. */
  readonly options: Options
  /** One line. */
  readonly about: string
}

export interface InputPlugin extends Described {
  translate(settings: Settings, around: Surroundings): InputTranslation | 'no records' | undefined
}

/** `undefined` when something is wrong, which has been told. */
export interface FilterPlugin extends Described {
  translate(settings: Settings, around: Surroundings): readonly StepNotation[] | undefined
}

export interface OutputPlugin extends Described {
  /** For records; an output without it takes none. */
  translate?(settings: Settings, around: Surroundings): OutputTranslation | undefined
  /** For metrics; `lost`: there it takes them, and here it does not. */
  readonly metrics?:
    | 'lost'
    | ((settings: Settings, around: Surroundings) => MetricsOutputTranslation | undefined)
}
