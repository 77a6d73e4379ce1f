import packageFile from '../../../../package.json' with { type: 'json' }
import type { Io } from '../../io.ts'
import { isHelp } from './help.ts'

const USAGE = `Usage: vault <command> [args]

Commands:
    agent      Log in, and keep the token and secrets fresh (also: agent generate-config)
    status     Print the state of the server
    token      lookup and revoke of the own token
    version    Print the version
`

/** `outrigger as vault …`: the commands that an image whose `vault` we are is called by. */
export async function runAsVault(args: readonly string[], io: Io): Promise<number> {
  const [command, ...rest] = args
  switch (command) {
    case 'agent':
      return (await import('./agent.ts')).runAgent(rest, io)
    case 'token':
      return (await import('./token.ts')).runToken(rest, io)
    case 'status':
      return (await import('./status.ts')).runStatus(rest, io)
    case 'version':
    case '-version':
    case '--version':
    case '-v':
      if (rest.some(isHelp)) {
        io.stdout.write(
          'Usage: vault version\n\n  Prints the version; that of the server is told by vault status.\n',
        )
        return 0
      }
      io.stdout.write(`Vault v${VAULT_VERSION} (Outrigger ${packageFile.version})\n`)
      return 0
    case undefined:
      io.stderr.write(USAGE)
      return 127
    default:
      if (isHelp(command)) {
        io.stdout.write(USAGE)
        return 0
      }
      io.stderr.write(`vault ${command} is not one of the commands that Outrigger stands in for\n\n${USAGE}`)
      return 127
  }
}

/** The version whose agent this one behaves like. */
const VAULT_VERSION = '1.20.0'
