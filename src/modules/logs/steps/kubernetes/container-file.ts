/** What the name of a container's log file tells. */
export interface ContainerFile {
  readonly pod: string
  readonly namespace: string
  readonly container: string
  /** Of the container; in `/var/log/containers` only. */
  readonly containerId?: string
  /** Of the pod; in `/var/log/pods` only. */
  readonly uid?: string
}

/** `<pod>_<namespace>_<container>-<64 hexadecimal digits>.log`, as the kubelet links them in /var/log/containers. */
const LINK = /(?:^|[/.])([a-z0-9][a-z0-9.-]*)_([a-z0-9][a-z0-9-]*)_([a-z0-9][a-z0-9-]*)-([0-9a-f]{64})\.log$/
/** `/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restarts>.log`, and what rotation puts behind it. */
const FILE =
  /\/pods\/([a-z0-9][a-z0-9-]*)_([a-z0-9][a-z0-9.-]*)_([0-9a-f-]{32,36})\/([a-z0-9][a-z0-9-]*)\/\d+\.log(?:\.[^/]*)?$/
/** In a tag the slashes of the path are dots, and a pod's name may have dots, too: the folder's name is what ends. */
const IN_TAG = 'var.log.containers.'

/** By a path, or by the tag that was made of one; undefined when neither is of a container's log file. */
export function containerFileOf(path: string, tag: string): ContainerFile | undefined {
  const inTag = tag.lastIndexOf(IN_TAG)
  return byPath(path) ?? (inTag < 0 ? undefined : byPath(`/${tag.slice(inTag + IN_TAG.length)}`))
}

function byPath(path: string): ContainerFile | undefined {
  const link = LINK.exec(path.slice(path.lastIndexOf('/')))
  if (link) return { pod: link[1], namespace: link[2], container: link[3], containerId: link[4] }
  const file = FILE.exec(path)
  return file ? { namespace: file[1], pod: file[2], uid: file[3], container: file[4] } : undefined
}
