// ISA strings of configurations: what they mean, what is refused and how, and
// that the canonical text is read back as the same.
#include "tests/cpu/insn_kit.h"

namespace
{

constexpr uint64_t G =
    ISA_I | ISA_M | ISA_A | ISA_F | ISA_D | ISA_ZICSR | ISA_ZIFENCEI;

std::string text_of(const HartIsa &isa)
{
    char buf[200];
    EXPECT_LT(hart_isa_text(&isa, buf, sizeof(buf)), sizeof(buf));
    return buf;
}

std::string error_of(const std::string &text)
{
    HartIsa isa;
    Error *err = nullptr;
    EXPECT_FALSE(hart_isa_parse(text.c_str(), &isa, &err)) << text;
    std::string message = err ? error_message(err) : "";
    error_free(err);
    return message;
}

TEST(Isa, Parses)
{
    struct Case {
        const char *text;
        unsigned xlen;
        uint64_t extensions;
    };
    const Case cases[] = {
        {"rv32i", 32, ISA_I},
        {"rv64i", 64, ISA_I},
        {"rv64imac_zicsr_zifencei", 64,
         ISA_I | ISA_M | ISA_A | ISA_C | ISA_ZICSR | ISA_ZIFENCEI},
        {"rv32g", 32, G},
        {"rv64gc", 64, G | ISA_C},
        {"rv64imafdc_zicsr_zifencei", 64, G | ISA_C},
        {"rv64gc_zicsr_zifencei", 64, G | ISA_C}, // as toolchains write it
        {"rv32if", 32, ISA_I | ISA_F | ISA_ZICSR},
        {"rv32ifd", 32, ISA_I | ISA_F | ISA_D | ISA_ZICSR},
        {"rv32idf", 32, ISA_I | ISA_F | ISA_D | ISA_ZICSR}, // any order
        {"rv32i_zicntr", 32, ISA_I | ISA_ZICNTR | ISA_ZICSR},
        {"rv32i_zihpm", 32, ISA_I | ISA_ZIHPM | ISA_ZICSR},
        {"rv32i_m_a_c", 32, ISA_I | ISA_M | ISA_A | ISA_C},
        {"rv32im_ac", 32, ISA_I | ISA_M | ISA_A | ISA_C},
        {"rv32imaczicsr", 32, ISA_I | ISA_M | ISA_A | ISA_C | ISA_ZICSR},
        {"rv32i_zba_m", 32, ISA_I | ISA_M | ISA_ZBA},
        {"rv32ic_zbs_zba", 32, ISA_I | ISA_C | ISA_ZBA | ISA_ZBS},
        {"rv64gc_zba_zbb_zbs_zbc_zicond_zfh_zicboz_zicntr_zihpm_sstc_svinval_"
         "svnapot_svadu",
         64,
         G | ISA_C | ISA_ZBA | ISA_ZBB | ISA_ZBS | ISA_ZBC | ISA_ZICOND |
             ISA_ZFH | ISA_ZICBOZ | ISA_ZICNTR | ISA_ZIHPM | ISA_SSTC |
             ISA_SVINVAL | ISA_SVNAPOT | ISA_SVADU},
    };
    for (const Case &c : cases) {
        HartIsa isa;
        ASSERT_TRUE(hart_isa_parse(c.text, &isa, nullptr)) << c.text;
        uint64_t width = c.xlen == 32 ? ISA_RV32 : ISA_RV64;
        EXPECT_EQ(isa.xlen, c.xlen) << c.text;
        EXPECT_EQ(isa.extensions, c.extensions | width) << c.text;
    }
}

// Every message holds the text and says what is wrong with it.
TEST(Isa, NamesWhatIsWrong)
{
    struct Case {
        const char *text, *says;
    };
    const Case cases[] = {
        {"", "begin with rv32 or rv64"},
        {"r", "begin with rv32 or rv64"},
        {"rv", "begin with rv32 or rv64"},
        {"rv3", "begin with rv32 or rv64"},
        {"rv16i", "begin with rv32 or rv64"},
        {"rv128i", "begin with rv32 or rv64"},
        {"RV32I", "begin with rv32 or rv64"},
        {"rv32", "lacks the base; rv32i"},
        {"rv64mac", "lacks the base; rv64i"},
        {"rv32_i", "no extension ''"},
        {"rv32i_", "no extension ''"},
        {"rv32i_zicsr_", "no extension ''"},
        {"rv32i__zicsr", "no extension ''"},
        {"rv32I", "no extension 'I'"},
        {"rv32imaq", "no extension 'q'"},
        {"rv32e", "no extension 'e'"},
        {"rv32ima c", "no extension ' '"},
        {"rv32imac_zbx", "no extension 'zbx'"},
        {"rv32imac_zb", "no extension 'zb'"},
        {"rv32imac_zbaa", "no extension 'zbaa'"},
        {"rv32imacsu", "no extension 'su'"},
        {"rv64gc_xvendor", "no extension 'x'"},
        {"rv32imm", "names 'm' twice"},
        {"rv32i_zba_zba", "names 'zba' twice"},
        {"rv32gg", "names 'g' twice"},
        {"rv64i2p1", "'i2p1': leave out version numbers"},
        {"rv64im2_zicsr", "'m2': leave out version numbers"},
        {"rv64i_zicsr2p0", "'zicsr2p0': leave out version numbers"},
        {"rv32id", "'d' needs 'f'"},
        {"rv32i_zfh", "'zfh' needs 'f'"},
        {"rv64imac_zfh_zba", "'zfh' needs 'f'"},
    };
    for (const Case &c : cases) {
        std::string message = error_of(c.text);
        EXPECT_NE(message.find(c.text), std::string::npos) << message;
        EXPECT_NE(message.find(c.says), std::string::npos) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos);
    }
    EXPECT_NE(error_of("rv32iy").find("known are g, i, m, a, f, d, c, zicboz"),
              std::string::npos);
    EXPECT_NE(error_of("rv32iy").find("svnapot"), std::string::npos);
    EXPECT_FALSE(error_of("rv32i_" + std::string(5000, 'z')).empty());
    EXPECT_FALSE(error_of("rv32" + std::string(5000, '9')).empty());
}

TEST(Isa, CanonicalText)
{
    struct Case {
        const char *text, *canonical;
    };
    const Case cases[] = {
        {"rv32i", "rv32i"},
        {"rv32cami", "rv32imac"},
        {"rv64gc", "rv64imafdc_zicsr_zifencei"},
        {"rv64gc_svinval_zbb_zba_zicond_sstc_zfh_zicboz",
         "rv64imafdc_zicboz_zicond_zicsr_zifencei_zfh_zba_zbb_sstc_svinval"},
    };
    for (const Case &c : cases) {
        HartIsa isa;
        ASSERT_TRUE(hart_isa_parse(c.text, &isa, nullptr)) << c.text;
        EXPECT_EQ(text_of(isa), c.canonical);
        isa.extensions |= ISA_S; // is no part of it
        EXPECT_EQ(text_of(isa), c.canonical);
    }
}

TEST(Isa, TextIsReadBack)
{
    std::mt19937_64 rng(27);
    unsigned accepted = 0;
    for (unsigned n = 0; n < 2000; n++) {
        unsigned xlen = rng() % 2 ? 32 : 64;
        HartIsa isa = isa_full(xlen);
        isa.extensions |=
            ISA_ZICNTR | ISA_ZIHPM | ISA_SSTC | ISA_SVNAPOT | ISA_SVADU;
        isa.extensions &= ~ISA_S & (rng() | ISA_RV32 | ISA_RV64 | ISA_I);
        HartIsa back;
        if (hart_isa_parse(text_of(isa).c_str(), &back, nullptr)) {
            EXPECT_EQ(back.xlen, isa.xlen);
            EXPECT_EQ(back.extensions & ~ISA_ZICSR, isa.extensions & ~ISA_ZICSR)
                << text_of(isa);
            accepted++;
        } else {
            bool f = isa.extensions & ISA_F;
            EXPECT_TRUE(!f && (isa.extensions & (ISA_D | ISA_ZFH)));
        }
    }
    EXPECT_GT(accepted, 500u);
}

TEST(Isa, TextIsCutToTheBuffer)
{
    HartIsa isa = isa_of(64, "gc_zba");
    const std::string whole = "rv64imafdc_zicsr_zifencei_zba";
    for (size_t size = 0; size < whole.size() + 3; size++) {
        std::vector<char> buf(whole.size() + 4, '#');
        EXPECT_EQ(hart_isa_text(&isa, buf.data(), size), whole.size());
        EXPECT_EQ(buf[size], '#');
        if (size) {
            EXPECT_EQ(std::string(buf.data()), whole.substr(0, size - 1));
        }
    }
}

} // namespace
