/** One entry of a secret that is to become a variable. */
export interface GeneratedVariable {
  readonly path: string
  readonly key: string
  /** Of a KV version 2. */
  readonly isVersioned: boolean
}

/** A configuration that runs a command with secrets in its environment, in HCL. */
export function generatedConfiguration(given: {
  readonly address: string
  readonly home: string
  readonly command: string
  readonly variables: readonly GeneratedVariable[]
}): string {
  const { address, home, command, variables } = given
  return `
auto_auth {

  method {
    type = "token_file"

    config {
      token_file_path = ${quoted(`${home}/.vault-token`)}
    }
  }
}

template_config {
  static_secret_render_interval = "5m"
  exit_on_retry_failure         = true
}

vault {
  address = ${quoted(address)}
}

${variables.map(envTemplate).join('')}
exec {
  command                   = [${command.split(/\s+/).filter(Boolean).map(quoted).join(', ')}]
  restart_on_secret_changes = "always"
  restart_stop_signal       = "SIGTERM"
}
`
}

function envTemplate({ path, key, isVersioned }: GeneratedVariable): string {
  const last = path.split('/').at(-1) ?? ''
  const name = `${last}_${key}`.replaceAll(/[^A-Za-z0-9]/g, '_').toUpperCase()
  const entry = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key)
    ? `.Data${isVersioned ? '.data' : ''}.${key}`
    : `index .Data${isVersioned ? '.data' : ''} ${quoted(key)}`
  const contents = `{{ with secret ${quoted(path)} }}{{ ${entry} }}{{ end }}`
  return `env_template "${name}" {
  contents             = ${quoted(contents)}
  error_on_missing_key = true
}
`
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}
