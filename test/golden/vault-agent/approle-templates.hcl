# An agent beside an application on a virtual machine.
pid_file = "./agent.pid"
log_level = "debug"

vault {
  address         = "https://vault.example.com:8200/"
  ca_cert         = "/etc/ssl/vault-ca.pem"
  client_cert     = "tls/client.pem"
  client_key      = "tls/client.key"
  tls_server_name = "vault.internal"
  namespace       = "team-a/"
  retry {
    num_retries = 5
  }
}

auto_auth {
  method "approle" {
    mount_path  = "auth/machines"
    min_backoff = "2s"
    max_backoff = "1m"
    config = {
      role_id_file_path                   = "/etc/vault/role-id"
      secret_id_file_path                 = "/etc/vault/secret-id"
      remove_secret_id_file_after_reading = false
      secret_id_response_wrapping_path    = "auth/machines/role/app/secret-id"
    }
  }

  sink "file" {
    config = { path = "/run/app/token", mode = 0600, uid = 1000, gid = 1000 }
  }
  sink "file" {
    wrap_ttl   = "5m"
    dh_type    = "curve25519"
    dh_path    = "dh.json"
    derive_key = true
    aad        = "app"
    config     = { path = "/run/app/token.sealed" }
  }
}

template_config {
  static_secret_render_interval = "1m"
  max_connections_per_host      = 2
  lease_renewal_threshold       = 0.8
  exit_on_retry_failure         = true
}

template {
  source               = "/etc/app/db.conf.ctmpl"
  destination          = "/run/app/db.conf"
  perms                = "0640"
  user                 = "app"
  group                = "app"
  error_on_missing_key = true
  backup               = true
  create_dest_dirs     = false
  command              = "systemctl reload app || true"
  command_timeout      = "10s"
}

template {
  contents        = <<-EOT
    [[ with secret "pki/issue/web" "common_name=web.example.com" ]][[ .Data.certificate ]][[ end ]]
    EOT
  destination     = "/run/app/web.pem"
  left_delimiter  = "[["
  right_delimiter = "]]"
  function_denylist = ["env", "sprig_gen*"]
  exec {
    command = ["nginx", "-s", "reload"]
    timeout = 5
  }
}
