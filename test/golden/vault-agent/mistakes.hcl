vaultt { address = "x" }
vault { address = "vault:8200" tls_skip_verify = "perhaps" adress = "https://vault:8200" }
auto_auth {
  method "kerberos" { config = { role = "app" } }
  sink "file" { dh_path = "x" config = { path = "/t", mode = "0666" } }
  sink "kubernetes" {}
}
template { contents = "a" source = "b" destination = "/c" sandbox_path = "/d" }
template { contents = "a" perms = "0646" destination = "/e" }
env_template "A" { contents = "a" command = "b" }
exec { command = [] restart_stop_signal = "SIGKILL" }
listener "tcp" { address = "127.0.0.1:8100" }
cache { use_auto_auth_token = true persist "kubernetes" { path = "/vault/agent-cache" } }
template_config { lease_renewal_threshold = 1.5 }
log_format = "xml"
