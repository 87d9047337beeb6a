// Every name of the published headers exists. names_2015.c and names_2021.c
// compile only if it does; here the list they are checked against.
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <string>

#include "tests/memory/api_names/names.h"

namespace
{

struct Listed {
    std::string generations, kind, note;
};

std::map<std::string, Listed> read_list()
{
    std::map<std::string, Listed> list;
    std::ifstream in(SOURCE_DIR "/tests/memory/api_names.txt");
    EXPECT_TRUE(in.good());
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        std::istringstream words(line);
        std::string name;
        Listed l;
        words >> name >> l.generations >> l.kind;
        std::getline(words, l.note);
        EXPECT_TRUE(list.emplace(name, l).second) << name << " twice";
    }
    return list;
}

// "function/macro": what it is in the older and in the newer header.
std::string kind_in(const Listed &l, bool older)
{
    size_t slash = l.kind.find('/');
    if (slash == std::string::npos) {
        return l.kind;
    }
    return older ? l.kind.substr(0, slash) : l.kind.substr(slash + 1);
}

void expect_all(const char *generation, const ApiName *names, size_t count)
{
    std::map<std::string, const ApiName *> used;
    for (size_t i = 0; i < count; i++) {
        EXPECT_TRUE(used.emplace(names[i].name, &names[i]).second)
            << names[i].name;
        EXPECT_NE(names[i].function != nullptr, names[i].size != 0)
            << names[i].name;
    }
    size_t listed = 0;
    for (const auto &[name, l] : read_list()) {
        if (l.kind == "private" ||
            l.generations.find(generation) == std::string::npos) {
            continue;
        }
        listed++;
        auto found = used.find(name);
        ASSERT_NE(found, used.end()) << name;
        EXPECT_EQ(found->second->kind, kind_in(l, generation[3] == '5'))
            << name;
    }
    EXPECT_EQ(listed, count);
}

TEST(ApiNames, all_of_2015)
{
    expect_all("2015", api_names_2015, api_names_2015_count);
}

TEST(ApiNames, all_of_2021)
{
    expect_all("2021", api_names_2021, api_names_2021_count);
    EXPECT_EQ(api_names_templates_count, 48u);
    for (size_t i = 0; i < api_names_templates_count; i++) {
        EXPECT_NE(api_names_templates[i].function, nullptr);
    }
}

TEST(ApiNames, what_is_not_offered_has_a_reason)
{
    auto list = read_list();
    EXPECT_EQ(list.size(), 261u);
    size_t privates = 0;
    for (const auto &[name, l] : list) {
        if (l.kind == "private") {
            privates++;
            EXPECT_GT(l.note.size(), 10u) << name;
        }
    }
    EXPECT_EQ(privates, 5u);
}

} // namespace
