// A real server on a free port for each test, with a pool of its own.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test as base } from '@playwright/test'

const PROGRAM = join(import.meta.dirname, '../../target/debug/sluice')

/** A picture of one colour with a darker corner, as an uncompressed bitmap. */
function bitmap(number: number): Buffer {
  const side = 24
  const row = side * 3
  const bytes = Buffer.alloc(54 + row * side)
  bytes.write('BM')
  bytes.writeUInt32LE(bytes.length, 2)
  bytes.writeUInt32LE(54, 10)
  bytes.writeUInt32LE(40, 14)
  bytes.writeInt32LE(side, 18)
  bytes.writeInt32LE(side, 22)
  bytes.writeUInt16LE(1, 26)
  bytes.writeUInt16LE(24, 28)
  for (let at = 0; at < side * side; at++) {
    const corner = at % side < number % side && at / side < 6 ? 90 : 0
    const color = [(number * 53) % 160, (number * 97) % 160, 200 - (number % 100)]
    for (const [i, channel] of color.entries())
      bytes[54 + at * 3 + i] = Math.max(0, channel - corner)
  }
  return bytes
}

/** An answer as the log tells it. */
export interface Logged {
  type: 'Labelled' | 'Skipped'
  command: string
  image: number
  label?: 'positive' | 'negative'
  source?: string
  seen: { shown_ms: number }
}

export class Server {
  readonly pool: string
  /** Session folders; the first is in use unless a test says otherwise. */
  private readonly sessions = [mkdtempSync(join(tmpdir(), 'sluice-session-'))]
  session = this.sessions[0] ?? ''
  private readonly away: string
  address = ''
  private child: ChildProcess | null = null

  /** With a pool of so many made images, or with a folder that is there. */
  constructor(
    images: number,
    private readonly folder: string | null = null,
  ) {
    this.pool = folder ?? mkdtempSync(join(tmpdir(), 'sluice-pool-'))
    this.away = `${this.pool}-away`
    if (folder) return
    for (let number = 0; number < images; number++) {
      writeFileSync(join(this.pool, `${String(number).padStart(4, '0')}.bmp`), bitmap(number))
    }
  }

  /** Starts, on the same port as before if there was one. */
  async start(...more: string[]): Promise<void> {
    const question = ['--question', 'Is it blue?']
    await this.run('serve', this.pool, '--session', this.session, ...question, ...more)
  }

  /** Plays the session again instead, on the same port. */
  async replay(...more: string[]): Promise<void> {
    await this.run('replay', this.session, '--serve', ...more)
  }

  private async run(...parts: string[]): Promise<void> {
    const listen = this.address ? new URL(this.address).host : '127.0.0.1:0'
    const child = spawn(PROGRAM, [...parts, '--listen', listen], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.child = child
    this.address = await new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
      createInterface({ input: child.stdout }).on('line', (line) => {
        const found = line.match(/http:\/\/\S+/)
        if (found) resolve(found[0])
      })
    })
  }

  /** As a loss of power would. */
  async kill(): Promise<void> {
    const child = this.child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  /** As when a machine hangs: the line stands, and nothing comes. */
  freeze(): void {
    this.child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.child?.kill('SIGCONT')
  }

  /** From the next start on, the session of this number. */
  use(number: number): void {
    this.sessions[number] ??= mkdtempSync(join(tmpdir(), 'sluice-session-'))
    this.session = this.sessions[number]
  }

  /** The answers in the log, in its order: what a person may rely on. */
  answers(): Logged[] {
    const text = execFileSync(PROGRAM, ['log', 'cat', this.session], { maxBuffer: 1 << 28 })
    const events: Logged[] = text
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    return events.filter(({ type }) => type === 'Labelled' || type === 'Skipped')
  }

  /** As when a disk is unplugged. */
  takePoolAway(): void {
    renameSync(this.pool, this.away)
  }

  bringPoolBack(): void {
    renameSync(this.away, this.pool)
  }

  remove(): void {
    const made = this.folder ? [] : [this.pool, this.away]
    for (const folder of [...made, ...this.sessions])
      rmSync(folder, { recursive: true, force: true })
  }
}

export const test = base.extend<{ images: number; server: Server }>({
  /** How many images the pool holds. */
  images: [60, { option: true }],
  server: async ({ images }, use) => {
    const server = new Server(images)
    await use(server)
    await server.kill()
    server.remove()
  },
})
