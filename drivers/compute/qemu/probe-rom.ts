// A 64 KiB ROM that takes the BIOS's place and proves that an accelerator truly runs 64-bit kernel code: it enters
// long mode, runs 20 million loop rounds, one cmpxchg16b and one trap, then makes QEMU exit with status 33.
// The source is probe-rom.S beside this file.

const code = `
+jHAjtiOwL8AELkAGPzzq2bHBgAQAyAAAGbHBgAgAzAAAGbHBgAwgwAAALmgAL6WAL8AgC7zpC5m
DwEWkAAPIOBmg8ggDyLgZrgAEAAADyLYZrmAAADADzJmDQABAAAPMA8gwGYNAQAAgA8iwGbqAIAA
AAgAjXQAAAAAAAAAAAD//wAAAJuvAP//AAAAk88AFwB4AA8AZrgQAI7YjtC8AHAAAEiNBYUAAAC7
YEAAAGaJA2bHQwIIAGbHQwQAjkjB6BBmiUMGx0MIAAAAAMdDDAAAAABmxwQlAGAAAP8PSMcEJQJg
AAAAQAAADwEcJQBgAAC5AC0xAVFIAQwlAFAAAFr/yXXyMcAx0jHbMcm/AFEAAEjHBwAAAABIx0cI
AAAAAPBID8cPDwuwf+b09Ov9sBDm9PTr/QAA`

/** QEMU's exit status when all of the ROM ran. */
export const probePassedStatus = 33

export function probeRom(): Buffer {
  const rom = Buffer.alloc(65536)
  Buffer.from(code, 'base64').copy(rom)
  // Where the processor starts: a far jump to the first byte of the ROM.
  Buffer.from([0xea, 0x00, 0x00, 0x00, 0xf0]).copy(rom, 0xfff0)
  return rom
}
