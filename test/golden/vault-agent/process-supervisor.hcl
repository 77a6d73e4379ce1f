exit_after_auth = false
vault { address = "http://127.0.0.1:8200" }
auto_auth {
  method { type = "token_file"  config { token_file_path = "/home/app/.vault-token" } }
}
env_template "DB_USER" {
  contents             = "{{ with secret \"database/creds/app\" }}{{ .Data.username }}{{ end }}"
  error_on_missing_key = true
}
env_template "DB_PASSWORD" {
  contents = "{{ with secret \"database/creds/app\" }}{{ .Data.password }}{{ end }}"
}
exec {
  command                   = ["./app", "--port", "8080"]
  restart_on_secret_changes = "always"
  restart_stop_signal       = "SIGINT"
}
