/*
 * elf_kit.h - small ELF32 files of code at 0x80000000 with symbols, for tests.
 */
#ifndef TESTS_SIM_ELF_KIT_H
#define TESTS_SIM_ELF_KIT_H

#include <cstdint>
#include <elf.h>
#include <fstream>
#include <string>
#include <vector>

namespace kit
{

struct ElfMark {
    const char *name;
    uint32_t address;
};

/* One segment, and sections .data,
 * .symtab and .strtab for the marks. */
inline void write_elf(const std::string &path,
                      const std::vector<uint32_t> &code,
                      const std::vector<ElfMark> &marks)
{
    const uint32_t base = 0x80000000;
    const uint32_t bytes = static_cast<uint32_t>(code.size()) * 4;
    std::string names("\0", 1), sections("\0.data\0.symtab\0.strtab\0", 23);
    std::vector<Elf32_Sym> symbol(1);
    for (const ElfMark &mark : marks) {
        Elf32_Sym s = {};
        s.st_name = static_cast<uint32_t>(names.size());
        s.st_value = mark.address;
        s.st_info = ELF32_ST_INFO(STB_GLOBAL, STT_NOTYPE);
        s.st_shndx = 1;
        symbol.push_back(s);
        names += mark.name;
        names += '\0';
    }
    Elf32_Ehdr head = {};
    Elf32_Phdr segment = {};
    Elf32_Shdr section[5] = {};
    const uint32_t code_at = sizeof(head) + sizeof(segment);
    const uint32_t symbols_at = code_at + bytes;
    const uint32_t symbol_bytes =
        static_cast<uint32_t>(symbol.size() * sizeof(symbol[0]));
    const uint32_t names_at = symbols_at + symbol_bytes;
    const uint32_t sections_at = names_at + static_cast<uint32_t>(names.size());
    const uint32_t table_at =
        (sections_at + static_cast<uint32_t>(sections.size()) + 3) & ~3u;
    const unsigned char ident[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
    std::copy(ident, ident + sizeof(ident), head.e_ident);
    head.e_type = ET_EXEC;
    head.e_machine = EM_RISCV;
    head.e_version = 1;
    head.e_entry = base;
    head.e_phoff = sizeof(head);
    head.e_shoff = table_at;
    head.e_ehsize = sizeof(head);
    head.e_phentsize = sizeof(segment);
    head.e_phnum = 1;
    head.e_shentsize = sizeof(section[0]);
    head.e_shnum = 5;
    head.e_shstrndx = 4;
    segment = {PT_LOAD, code_at, base, base, bytes, bytes, 7, 4};
    section[1] = {
        1, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, base, code_at, bytes, 0, 0, 4,
        0};
    section[2] = {7, SHT_SYMTAB,       0, 0, symbols_at, symbol_bytes, 3, 1,
                  4, sizeof(Elf32_Sym)};
    section[3] = {
        15, SHT_STRTAB, 0, 0, names_at, static_cast<uint32_t>(names.size()),
        0,  0,          1, 0};
    section[4] = {15, SHT_STRTAB,  0,
                  0,  sections_at, static_cast<uint32_t>(sections.size()),
                  0,  0,           1,
                  0};
    std::ofstream out(path, std::ios::binary);
    auto put = [&](const void *at, size_t n) {
        out.write(static_cast<const char *>(at),
                  static_cast<std::streamsize>(n));
    };
    put(&head, sizeof(head));
    put(&segment, sizeof(segment));
    put(code.data(), bytes);
    put(symbol.data(), symbol_bytes);
    put(names.data(), names.size());
    put(sections.data(), sections.size());
    const char zeroes[4] = {};
    put(zeroes, table_at - sections_at - sections.size());
    put(section, sizeof(section));
}

} // namespace kit
#endif
