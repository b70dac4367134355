// A real server on a free port for each test, with a pool of its own.

import { type ChildProcess, spawn } from 'node:child_process'
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

export class Server {
  readonly pool = mkdtempSync(join(tmpdir(), 'sluice-pool-'))
  readonly session = mkdtempSync(join(tmpdir(), 'sluice-session-'))
  private readonly away = `${this.pool}-away`
  address = ''
  private child: ChildProcess | null = null

  constructor(images: number) {
    for (let number = 0; number < images; number++) {
      writeFileSync(join(this.pool, `${String(number).padStart(4, '0')}.bmp`), bitmap(number))
    }
  }

  /** Starts, on the same port as before if there was one. */
  async start(...more: string[]): Promise<void> {
    const listen = this.address ? new URL(this.address).host : '127.0.0.1:0'
    const parts = ['serve', this.pool, '--session', this.session, '--listen', listen]
    const child = spawn(PROGRAM, [...parts, '--question', 'Is it blue?', ...more], {
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

  /** As when a disk is unplugged. */
  takePoolAway(): void {
    renameSync(this.pool, this.away)
  }

  bringPoolBack(): void {
    renameSync(this.away, this.pool)
  }

  remove(): void {
    for (const folder of [this.pool, this.away, this.session])
      rmSync(folder, { recursive: true, force: true })
  }
}

export const test = base.extend<{ server: Server }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern.
  server: async ({}, use) => {
    const server = new Server(60)
    await use(server)
    await server.kill()
    server.remove()
  },
})
