# Source of the ROM in probe-rom.ts:  gcc -c -o p.o probe-rom.S && ld -Ttext=0 --oformat binary -o p.rom p.o
# 64 KiB "BIOS" that proves the accelerator runs 64-bit kernel-mode code at
# native speed: real mode -> protected -> long mode (own page tables, 2 MiB
# identity page), then a loop of LOOPS iterations (5 insns, memory + stack),
# one lock cmpxchg16b, one #UD taken through an IDT, then value 0x10 to port
# 0xf4 (isa-debug-exit => QEMU exit status (0x10<<1)|1 = 33).
        .equ LOOPS, 20000000
        .code16
        .org 0x0
start:  cli
        xorw %ax,%ax
        movw %ax,%ds
        movw %ax,%es
        # page tables at 0x1000(PML4) 0x2000(PDPT) 0x3000(PD); clear 12 KiB
        movw $0x1000,%di
        movw $0x1800,%cx
        cld
        rep stosw
        movl $0x2003,0x1000
        movl $0x3003,0x2000
        movl $0x0083,0x3000            # 0..2 MiB, 2 MiB page, RW
        # copy the 64-bit part from the ROM (cs) to RAM at 0x8000
        movw $(long_end-long_start),%cx
        movw $long_start,%si
        movw $0x8000,%di
        cs rep movsb
        lgdtl %cs:gdtr
        movl %cr4,%eax
        orl $0x20,%eax                 # PAE
        movl %eax,%cr4
        movl $0x1000,%eax
        movl %eax,%cr3
        movl $0xc0000080,%ecx
        rdmsr
        orl $0x100,%eax                # EFER.LME
        wrmsr
        movl %cr0,%eax
        orl $0x80000001,%eax           # PG|PE
        movl %eax,%cr0
        ljmpl $0x08,$0x8000
        .balign 8
gdt:    .quad 0
        .quad 0x00af9b000000ffff       # 64-bit code
        .quad 0x00cf93000000ffff       # data
gdtr:   .word 23
        .long 0xf0000+gdt
        .code64
long_start:
        movw $0x10,%ax
        movw %ax,%ds
        movw %ax,%ss
        movl $0x7000,%esp
        # IDT entry 6 (#UD) at 0x4000+6*16 -> handler
        lea ud_handler(%rip),%rax
        movl $0x4060,%ebx
        movw %ax,(%rbx)
        movw $0x08,2(%rbx)
        movw $0x8e00,4(%rbx)
        shrq $16,%rax
        movw %ax,6(%rbx)
        movl $0,8(%rbx)
        movl $0,12(%rbx)
        movw $0x0fff,0x6000
        movq $0x4000,0x6002
        lidt 0x6000
        movl $LOOPS,%ecx
1:      pushq %rcx
        addq %rcx,0x5000
        popq %rdx
        decl %ecx
        jnz 1b
        xorl %eax,%eax
        xorl %edx,%edx
        xorl %ebx,%ebx
        xorl %ecx,%ecx
        movl $0x5100,%edi
        movq $0,(%rdi)
        movq $0,8(%rdi)
        lock cmpxchg16b (%rdi)
        ud2
        movb $0x7f,%al                 # #UD was not taken: fail value
        outb %al,$0xf4
2:      hlt
        jmp 2b
ud_handler:
        movb $0x10,%al
        outb %al,$0xf4
3:      hlt
        jmp 3b
long_end:
        .code16
        .org 0xfff0
        ljmpw $0xf000,$start
        .org 0xffff
        .byte 0
