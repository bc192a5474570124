// Takes an image's bytes into a file, leaving holes where they are zero.
import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'

const zeroes = Buffer.alloc(1024 * 1024)

/** Returns the size. Throws, and stops reading, once there are more than `maxBytes`. */
export async function receive(bytes: Readable, path: string, maxBytes: number, tooLarge: string): Promise<number> {
  const handle = await open(path, 'wx', 0o600)
  try {
    let sizeBytes = 0
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      if (sizeBytes + chunk.length > maxBytes) throw new Error(tooLarge)
      for (let at = 0; at < chunk.length; at += zeroes.length) {
        const piece = chunk.subarray(at, at + zeroes.length)
        if (piece.compare(zeroes, 0, piece.length) !== 0) await writeAll(handle, piece, sizeBytes + at)
      }
      sizeBytes += chunk.length
    }
    await handle.truncate(sizeBytes)
    return sizeBytes
  } finally {
    await handle.close()
  }
}

async function writeAll(handle: FileHandle, piece: Buffer, position: number): Promise<void> {
  for (let done = 0; done < piece.length; ) {
    const { bytesWritten } = await handle.write(piece, done, piece.length - done, position + done)
    done += bytesWritten
  }
}
