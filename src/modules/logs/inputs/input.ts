import type { LineIntake } from '../../../kernel/lines/intake.ts'
import type { Deadline, Health, Host } from '../../../kernel/module.ts'
import type { Position } from '../batch.ts'
import type { LentMemory } from '../lent-memory.ts'
import type { LineSink } from '../lines.ts'
import type { ByteBudget } from './byte-budget.ts'

/** A source of lines that runs until its host's scope closes. */
export interface Input {
  /** What it has not made safe can be read again by the next start. */
  readonly rereadable: boolean
  /** Synchronous and cheap. */
  health(): Health
  /**
   * Takes in what is there at this moment, to the end, then stops for good. Resolves when all of it is safe,
   * or at the deadline; what is not safe by then is read again by the next start.
   */
  drain(deadline: Deadline): Promise<void>
  /** Where another module hands its lines over. */
  readonly intake?: LineIntake
}

/** What an input sees of the world. */
export interface InputHost
  extends Pick<Host, 'scope' | 'signal' | 'log' | 'metrics' | 'clock' | 'slice' | 'listen' | 'receive'> {
  /** The input's name in metrics and messages: its kind, or its kind and index when there are several. */
  readonly name: string
  /** Where its configuration stands, for messages that name an option: `logs.inputs[0].tail`. */
  readonly key: string
  /** The tag of records from this path, or from what stands for a path in the input's protocol. */
  tag(path: string): string
  readonly positions: Positions
  readonly sink: LineSink
  /** Where the first line of a file begins that was taken, but is held back until its record is whole; undefined when none is. */
  heldAt?(file: string): number | undefined
  /** How much one read may bring; an input holds at most twice this outside of the sink. */
  readonly readBytes: number
  /** What reads go into. */
  readonly memory: LentMemory
  /** What all inputs that are sent to share; what they hold outside of the sink is taken from it. */
  readonly budget: ByteBudget
}

/** Where a file was read to, and the name that it had in its origin then. */
export interface KnownPosition extends Position {
  readonly path: string
}

/** How far the files were read whose lines are safe, as the spool recovered it. */
export interface Positions {
  /** `file` is the key of a `Position`: `<dev>:<ino>`. */
  get(file: string): KnownPosition | undefined
  /** Takes the file for this input; tells which other input has it already. A file is read once. */
  claim(file: string): string | undefined
  /** The file is gone for good; its inode may come back as another file. */
  forget(file: string): void
}
