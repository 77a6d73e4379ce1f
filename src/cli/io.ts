/** What a command sees of the process that it runs in; tests give their own. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: Screen
  readonly stderr: Screen
  readonly env: Readonly<Record<string, string | undefined>>
  /** The launcher's process, when it runs another Node in its stead. */
  readonly launcher?: number
  /** The folder that relative paths are meant from. */
  readonly cwd: string
}

/** A terminal, a file or a pipe. `write` is false when the reader is slow: wait for `drain`. */
export interface Screen {
  write(text: string | Uint8Array): boolean
  once(event: 'drain', call: () => void): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}
