import type { Command, Option } from './commands.ts'

const config: Option = {
  about: 'The configuration whose store is meant. Default: outrigger.yaml here, then in /etc/outrigger.',
  value: 'FILE',
  short: 'c',
  multiple: true,
}

/** The command that works on secrets. */
export const secretCommands: Readonly<Record<string, Command>> = {
  secrets: {
    summary: 'See what becomes of secrets, and keep them in an encrypted file',
    positionals: '[ACTION] [PATH] [KEY ...]',
    about:
      'Of a sidecar that runs: status shows its secrets, sources and deliveries (0: all is well, else 1), explain [PATH|DELIVERY] says what has become of one and what happens next; neither shows a value. render --dry-run makes every text of a configuration once and writes none. The rest works on a store: ACTION is init, set, get, list, delete, undelete, history, rotate or import. init makes a store and its key. set PATH KEY=VALUE ... changes these entries and leaves the others; KEY=@FILE takes a file, KEY=- standard input without its last line end: so a value gets neither into the history of the shell nor into the list of processes, as KEY=VALUE does. get PATH [KEY] prints values, history PATH and list [PATH] do not. delete hides the newest version, or --version N, until undelete; with --forever all of it is gone. rotate seals the store under a new key; rotate PATH KEY makes a new random value. import FILE takes json, yaml, .env, what vault kv get -format=json prints, or a folder with a file for each entry. The store is that of --store, of OUTRIGGER_STORE, of the configuration, or secrets.store here; its key is in --key-file, OUTRIGGER_STORE_KEY_FILE, OUTRIGGER_STORE_KEY or OUTRIGGER_STORE_PASSPHRASE, or in the file beside it that ends in .key. A sidecar that runs sees every change.',
    options: {
      config,
      admin: {
        about:
          'With status and explain: the admin address of the sidecar. Default: that of the configuration.',
        value: 'ADDRESS',
      },
      json: { about: 'With status: JSON instead of a table.' },
      'dry-run': { about: 'With render: write nothing.' },
      reveal: { about: 'With render: show the texts, secrets and all.' },
      timeout: { about: 'With render: how long to wait for secrets. Default: 30s.', value: 'DURATION' },
      source: {
        about: 'Which store of the configuration, by its name. Default: the first one.',
        value: 'NAME',
      },
      store: { about: 'The file of the store.', value: 'FILE' },
      'key-file': { about: 'The file with its key.', value: 'FILE' },
      'new-key-file': {
        about: 'With rotate: take the key in this file, where the present one is in no file.',
        value: 'FILE',
      },
      version: { about: 'With get, delete and undelete: this version and not the newest.', value: 'N' },
      output: {
        about: 'With get: value, yaml, json, env or properties. Default: yaml, for one KEY value.',
        value: 'FORMAT',
        short: 'o',
      },
      replace: { about: 'With set and import: the entries that are not given go.' },
      cas: {
        about: 'With set: only when this is the newest version; 0: only when there is none.',
        value: 'N',
      },
      forever: { about: 'With delete: all versions, and what is known of them.' },
      length: { about: 'With rotate PATH KEY: how many characters. Default: 32.', value: 'N' },
      path: { about: 'With import: where the secrets are put.', value: 'PATH' },
      format: {
        about: 'With import: json, yaml or env. Default: what the name of the file says.',
        value: 'FORMAT',
      },
    },
    load: () => import('./secrets.ts'),
  },
}
