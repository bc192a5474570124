// A guest of one disk sector, for tests and measurements: it greets on the serial port, echoes what is typed, obeys
// the ACPI power button, lets go of unplugged PCI devices, and switches itself off when a `q` is typed.
import { writeFile } from 'node:fs/promises'

export const tinyGuestGreeting = 'tiny guest is up'

/*
start:  cli; xorw %ax,%ax; movw %ax,%ds; movw %ax,%ss; movw $0x7c00,%sp; ljmp $0,$1f
1:      movw $0x602,%dx; movw $0x100,%ax; outw %ax,%dx     # PM1 enable: power button
        movw $hello,%si; cld
2:      lodsb; testb %al,%al; jz 3f; call put; jmp 2b
3:      sti; hlt                                           # the timer wakes it 18 times a second
        movw $0x600,%dx; inw %dx,%ax; testw $0x100,%ax; jnz off   # PM1 status: button pressed
        movw $0xae10,%dx; xorl %eax,%eax; outl %eax,%dx    # PCI hot plug: look at bus 0,
        movw $0xae04,%dx; inl %dx,%eax; testl %eax,%eax; jz 4f
        movw $0xae08,%dx; outl %eax,%dx                    # eject what is asked back
4:      movw $0x3fd,%dx; inb %dx,%al; testb $1,%al; jz 3b  # something typed?
        movw $0x3f8,%dx; inb %dx,%al; cmpb $'q',%al; je off; call put; jmp 4b
off:    movw $0x604,%dx; movw $0x2000,%ax; outw %ax,%dx    # PM1 control: sleep state S5
5:      hlt; jmp 5b
put:    movw $0x3f8,%dx; outb %al,%dx; ret
hello:  .asciz "tiny guest is up\r\n"
*/
const code =
  '+jHAjtiO0LwAfOoPfAAAugIGuAAB775qfPyshMB0BehDAOv2+/S6AAbtqQABdSy6EK5mMcBm77oErmbtZoXAdAW6CK5m77r9A+yo' +
  'AXTWuvgD7DxxdAXoDADr67oEBrgAIO/06/26+APuw3RpbnkgZ3Vlc3QgaXMgdXANCgAA'

export function tinyGuestSector(): Buffer {
  const sector = Buffer.alloc(512)
  Buffer.from(code, 'base64').copy(sector)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

/** Writes the sector as a raw image of 1 MiB, which every version of the firmware takes for a disk. */
export async function writeTinyGuestImage(path: string): Promise<void> {
  await writeFile(path, Buffer.concat([tinyGuestSector(), Buffer.alloc(1024 * 1024 - 512)]), { mode: 0o644 })
}
