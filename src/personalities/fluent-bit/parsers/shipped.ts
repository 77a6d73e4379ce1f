/**
 * The parsers that Fluent Bit's packages and images bring as files, for configurations that name such a file where it is
 * not there. Names of parsers, fields and times are theirs (conf/parsers.conf of Fluent Bit).
 */
export function shippedParsers(path: string): string | undefined {
  return FILES.get(path.slice(path.lastIndexOf('/') + 1))
}

const ACCESS_TIME = 'Time_Key time\n  Time_Format %d/%b/%Y:%H:%M:%S %z'
const KEPT_TIME = 'Time_Key time\n  Time_Keep on\n  Time_Format'

/** `"GET /path HTTP/1.1" 200 12`. */
const REQUEST = String.raw`"(?<method>\S+)(?: +(?<path>[^"]*?)(?: +\S*)?)?" (?<code>\S*) (?<size>\S*)`
const REFERER_AND_AGENT = `"(?<referer>[^"]*)" "(?<agent>[^"]*)"`
/** `app[12]: text`. */
const PROGRAM = String.raw`(?<ident>[\w\/.-]*)(?:\[(?<pid>\d+)\])?(?:[^:]*:)? *(?<message>.*)`
const OLD_SYSLOG_TIME = String.raw`(?<time>\S* {1,2}\S* \S*)`

/** The access log of Envoy, with what stands between the answer's flags and its bytes. */
const envoy = (between: string, behind: string) =>
  String.raw`^\[(?<start_time>[^\]]*)\] "(?<method>\S+)(?: +(?<path>[^"]*?)(?: +(?<protocol>[^\s"]*))?)?" (?<code>\S*) (?<response_flags>\S*) ${between}(?<bytes_received>\d*) (?<bytes_sent>\d*) (?<duration>\d*) (?<x_envoy_upstream_service_time>[\d-]*) "(?<x_forwarded_for>[^"]*)" "(?<user_agent>[^"]*)" "(?<request_id>[^"]*)" "(?<authority>[^"]*)" "(?<upstream_host>[^"]*)"${behind}`

const parsers = String.raw`
[PARSER]
  Name apache
  Format regex
  Regex ^(?<host>\S*) \S* (?<user>\S*) \[(?<time>[^\]]*)\] ${REQUEST}(?: ${REFERER_AND_AGENT})?$
  ${ACCESS_TIME}
[PARSER]
  Name apache2
  Format regex
  Regex ^(?<host>\S*) \S* (?<user>\S*) \[(?<time>[^\]]*)\] ${REQUEST}(?: "(?<referer>[^"]*)" "(?<agent>.*)")?$
  ${ACCESS_TIME}
[PARSER]
  Name apache_error
  Format regex
  Regex ^\[\S* (?<time>[^\]]*)\] \[(?<level>[^\]]*)\](?: \[pid (?<pid>[^\]]*)\])?(?: \[client (?<client>[^\]]*)\])? (?<message>.*)$
[PARSER]
  Name nginx
  Format regex
  Regex ^(?<remote>\S*) (?<host>\S*) (?<user>\S*) \[(?<time>[^\]]*)\] ${REQUEST}(?: ${REFERER_AND_AGENT})?$
  ${ACCESS_TIME}
[PARSER]
  Name k8s-nginx-ingress
  Format regex
  Regex ^(?<host>\S*) - (?<user>\S*) \[(?<time>[^\]]*)\] ${REQUEST} ${REFERER_AND_AGENT} (?<request_length>\S*) (?<request_time>\S*) \[(?<proxy_upstream_name>[^ \]]*)\] (?:\[(?<proxy_alternative_upstream_name>[^ \]]*)\] )?(?<upstream_addr>\S*) (?<upstream_response_length>\S*) (?<upstream_response_time>\S*) (?<upstream_status>\S*) (?<reg_id>\S*).*$
  ${ACCESS_TIME}
[PARSER]
  Name json
  Format json
  ${ACCESS_TIME}
[PARSER]
  Name logfmt
  Format logfmt
[PARSER]
  Name docker
  Format json
  ${KEPT_TIME} %Y-%m-%dT%H:%M:%S.%L
[PARSER]
  Name docker-daemon
  Format regex
  Regex time="(?<time>[^ "]*)" level=(?<level>\S*) msg="(?<msg>[^ ].*)"
  ${KEPT_TIME} %Y-%m-%dT%H:%M:%S.%L
[PARSER]
  Name syslog-rfc5424
  Format regex
  Regex ^<(?<pri>\d{1,5})>1 (?<time>\S+) (?<host>\S+) (?<ident>\S+) (?<pid>[\d-]+) (?<msgid>\S+) (?<extradata>\[.*\]|-) (?<message>.+)$
  ${KEPT_TIME} %Y-%m-%dT%H:%M:%S.%L%z
[PARSER]
  Name syslog-rfc3164-local
  Format regex
  Regex ^<(?<pri>\d+)>${OLD_SYSLOG_TIME} ${PROGRAM}$
  ${KEPT_TIME} %b %d %H:%M:%S
[PARSER]
  Name syslog-rfc3164
  Format regex
  Regex ^<(?<pri>\d+)>${OLD_SYSLOG_TIME} (?<host>\S*) ${PROGRAM}$
  ${KEPT_TIME} %b %d %H:%M:%S
[PARSER]
  Name mongodb
  Format regex
  Regex ^(?<time>\S*)\s+(?<severity>\w)\s+(?<component>\S+)\s+\[(?<context>[^\]]+)\]\s+(?<message>.*?)(?: +(?<ms>\d+)ms)?$
  ${KEPT_TIME} %Y-%m-%dT%H:%M:%S.%L
[PARSER]
  Name envoy
  Format regex
  Regex ${envoy('', '')}
  Time_Key start_time
  Time_Keep on
  Time_Format %Y-%m-%dT%H:%M:%S.%L%z
[PARSER]
  Name istio-envoy-proxy
  Format regex
  Regex ${envoy(
    String.raw`(?<response_code_details>\S*) (?<connection_termination_details>\S*) (?<upstream_transport_failure_reason>"[^"]*"|\S*) `,
    String.raw` (?<upstream_cluster>\S*) (?<upstream_local_address>\S*) (?<downstream_local_address>\S*) (?<downstream_remote_address>\S*) (?<requested_server_name>\S*) (?<route_name>\S*)`,
  )}
  Time_Key start_time
  Time_Keep on
  Time_Format %Y-%m-%dT%H:%M:%S.%L%z
[PARSER]
  Name cri
  Format regex
  Regex ^(?<time>\S+) (?<stream>stdout|stderr) (?<logtag>\S*) (?<message>.*)$
  Time_Key time
  Time_Format %Y-%m-%dT%H:%M:%S.%L%z
[PARSER]
  Name kube-custom
  Format regex
  Regex (?<tag>[^.]+)?\.?(?<pod_name>[a-z0-9][a-z0-9.-]*)_(?<namespace_name>[^_]+)_(?<container_name>.+)-(?<docker_id>[a-z0-9]{64})\.log$
`

const FILES: ReadonlyMap<string, string> = new Map([['parsers.conf', parsers]])
