vault { address = "https://vault:8200" tls_skip_verify = true }
auto_auth {
  method "jwt" {
    namespace = "team-b"
    exit_on_err = true
    config = { path = "/run/jwt", role = "app", remove_jwt_after_reading = "false", jwt_read_period = "1s" }
  }
  sink { type = "file" config { path = "token" } }
}
listener "tcp" {
  address     = "127.0.0.1:8100"
  tls_disable = true
  role        = "metrics_only"
}
listener "unix" {
  address                = "/run/agent.sock"
  socket_mode            = "0600"
  require_request_header = true
  agent_api { enable_quit = true }
}
telemetry { statsd_address = "127.0.0.1:8125" disable_hostname = true }
disable_keep_alives = ["auto-auth"]
