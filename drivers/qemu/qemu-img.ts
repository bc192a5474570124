// Runs qemu-img under limits: what it reads may come from a stranger.
import { runLimited, type ToolLimits } from '../../eden/process/limited-tool.ts'

export interface QemuImg extends ToolLimits {
  binary: string
}

/** Runs qemu-img to its end; throws with its last words where it fails. */
export async function qemuImg({ binary, ...limits }: QemuImg, args: string[]): Promise<void> {
  await runLimited(binary, args, limits)
}

/** Makes an empty disk image. */
export async function createDisk(
  tool: QemuImg,
  path: string,
  format: 'qcow2' | 'raw',
  sizeBytes: number,
  options: string[] = [],
): Promise<void> {
  await qemuImg(tool, ['create', '-q', '-f', format, ...options, path, String(sizeBytes)])
}
