// Files that are handed on as streams, to readers who may never begin.
import { once } from 'node:events'
import { createReadStream, type ReadStream } from 'node:fs'

/**
 * The file is open when this resolves, so its name may go. A `FileHandle` that nobody closes ends the whole process once
 * it is collected, and a stream that nobody reads never closes its own; a plain descriptor is merely lost.
 * @throws what opening throws, `ENOENT` for instance.
 */
export async function openedStream(
  path: string,
  options: { start?: number; end?: number; highWaterMark?: number } = {},
): Promise<ReadStream> {
  const stream = createReadStream(path, options)
  await once(stream, 'open')
  return stream
}
