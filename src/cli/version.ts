import packageFile from '../../package.json' with { type: 'json' }
import type { Call } from './call.ts'

/** `outrigger version` */
export async function run({ io }: Call): Promise<number> {
  io.stdout.write(
    `outrigger ${packageFile.version}\nnode ${process.versions.node}\nplatform ${process.platform}-${process.arch}\n`,
  )
  return 0
}
