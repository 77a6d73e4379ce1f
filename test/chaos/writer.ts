/**
 * An application that numbers its log lines: `node writer.ts FOLDER LINES_PER_SECOND ROTATE_BYTES`.
 * It renames its file when it is full, keeps every old one, and tells the last number when it is ended.
 */
import { closeSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const [folder, linesPerSecond, rotateBytes] = [
  process.argv[2],
  Number(process.argv[3]),
  Number(process.argv[4]),
]
const path = join(folder, 'app.log')
const words = 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor'.split(' ')

let file = openSync(path, 'a')
let size = 0
let rotations = 0
let n = 0
let last = performance.now()

function rotate(): void {
  closeSync(file)
  rotations++
  renameSync(path, `${path}.${String(rotations).padStart(4, '0')}`)
  file = openSync(path, 'a')
  size = 0
}

function line(): string {
  n++
  const message = words.slice(n % 5, 5 + (n % 7)).join(' ')
  return `{"n":${n},"time":"${new Date().toISOString()}","level":"${n % 50 ? 'info' : 'error'}","message":"${message} ünï ${n}"}\n`
}

const timer = setInterval(() => {
  const now = performance.now()
  let due = Math.floor(((now - last) / 1000) * linesPerSecond)
  if (due === 0) return
  last = now
  while (due > 0) {
    // Small writes that do not end at a line: a reader sees torn lines all the time.
    let text = ''
    for (let i = 0; i < 7 && due > 0; i++, due--) text += line()
    const bytes = Buffer.from(text)
    const cut = Math.floor(Math.random() * bytes.length)
    writeSync(file, bytes, 0, cut)
    writeSync(file, bytes, cut)
    size += bytes.length
    if (size >= rotateBytes) rotate()
  }
}, 5)

process.on('SIGTERM', () => {
  clearInterval(timer)
  closeSync(file)
  process.stdout.write(`${JSON.stringify({ lines: n, rotations })}\n`)
})
