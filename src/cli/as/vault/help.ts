/** `-h`, as all commands take it. */
export function isHelp(word: string): boolean {
  return /^--?h(elp)?$/.test(word)
}

/** `vault agent -help` */
export function agentHelp(): string {
  return `Usage: vault agent [options]

  Logs in to Vault, keeps the token and secrets fresh, writes them to sinks and
  templates, and runs a command with them in its environment.

      $ vault agent -config=/etc/vault/agent.hcl

  -config=<path>                 A file in HCL or JSON, or a folder of such; may be repeated.
  -exit-after-auth               End with 0 once all sinks and templates are written.
  -log-level=<level>             trace, debug, info, warn or error.
  -log-format=<format>           standard or json.
  -log-file=<path>               Log to this file, too.
  -log-rotate-bytes=<int>        Put the log file aside at this size.
  -log-rotate-duration=<string>  Put it aside after this time; 24h unless given.
  -log-rotate-max-files=<int>    How many older log files are kept; 0: all, -1: none.
  -address=<url>                 The server; VAULT_ADDR unless given.
  -namespace=<name>              The namespace; VAULT_NAMESPACE unless given.
  -ca-cert, -ca-path, -client-cert, -client-key, -tls-server-name, -tls-skip-verify

Subcommands:
    generate-config    Write a configuration for given secrets.
`
}
