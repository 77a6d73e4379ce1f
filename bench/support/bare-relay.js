// The floor of the proxy's bench: what Node's sockets cost when nothing is parsed, checked, edited or counted.
// Takes one request at a time on each connection, and answers with a Content-Length. Usage: bare-relay.js PORT BACKEND
import { connect, createServer } from 'node:net'

const [port, backendPort] = process.argv.slice(2).map(Number)
const idle = []

class Upstream {
  #client
  #left = 0

  constructor() {
    this.socket = connect({ port: backendPort, host: '127.0.0.1', noDelay: true })
    this.socket.on('error', () => {})
    this.socket.on('data', chunk => this.#relay(chunk))
  }

  send(text, client) {
    this.#client = client
    this.socket.write(text, 'latin1')
  }

  #relay(chunk) {
    if (this.#left === 0) {
      const text = chunk.toString('latin1', 0, 4096)
      const length = /\r\ncontent-length: *(\d+)/i.exec(text)
      this.#left = text.indexOf('\r\n\r\n') + 4 + Number(length?.[1] ?? 0)
    }
    this.#left -= chunk.length
    this.#client.write(chunk)
    if (this.#left === 0) idle.push(this)
  }
}

createServer({ noDelay: true }, client => {
  client.on('error', () => {})
  client.on('data', chunk => {
    const text = chunk.toString('latin1')
    const upstream = idle.pop() ?? new Upstream()
    upstream.send(`${text.slice(0, -2)}X-Forwarded-For: 127.0.0.1\r\n\r\n`, client)
  })
}).listen(port, '127.0.0.1', 4096)
