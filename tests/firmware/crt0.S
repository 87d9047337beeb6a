# crt0.S - from reset to main() and from main() to the finisher.
#
# No CSR is touched here: the compute programs run on interpreters that have
# none. RAM holds .data where it is linked, so there is nothing to copy.

    .file "tests/firmware/crt0.S"
    .section .init, "ax"
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, __stack_top
    la tp, __tls_base
    la t0, __bss_start
    la t1, __bss_end
1:  bgeu t0, t1, 2f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 1b
2:  call main
    call finish
    .size _start, . - _start
