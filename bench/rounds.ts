/** One way to do the work; `run` gives something that depends on all of it, so that nothing is optimised away. */
export interface Contender {
  readonly name: string
  readonly bytes: number
  run(): number
}

/**
 * Runs the contenders in turn for some rounds and prints a table of their best rounds in MB/s,
 * with their ratio to the first of them.
 */
export function compare(title: string, contenders: readonly Contender[], rounds = 9): void {
  const best = contenders.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < rounds; round++) {
    contenders.forEach((contender, i) => {
      const begin = process.hrtime.bigint()
      contender.run()
      best[i] = Math.min(best[i], Number(process.hrtime.bigint() - begin))
    })
  }
  const speeds = contenders.map(({ bytes }, i) => (bytes / best[i]) * 1000)
  console.log(`\n${title}\n`)
  contenders.forEach(({ name }, i) => {
    const speed = speeds[i].toFixed(0).padStart(6)
    console.log(`${name.padEnd(56)}${speed} MB/s  ${(speeds[i] / speeds[0]).toFixed(2).padStart(6)} x`)
  })
}
