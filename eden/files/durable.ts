// Files that are either as before or wholly there after a crash or power cut.
import { chown, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Replaces the file's content at once, or leaves it as it was. One writer at a time per path. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const draft = `${path}.new`
  const file = await open(draft, 'w', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  await syncPath(dirname(path))
}

/** Makes a file's bytes, or a folder's names, survive a power cut. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The file's content, or undefined where there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Changes a file's owner; without one it stays ours. Needs root. */
export async function giveTo(path: string, owner: { uid: number; gid: number } | undefined): Promise<void> {
  if (owner) await chown(path, owner.uid, owner.gid)
}
