#include "engine/runtime/elf.h"

#ifdef __linux__
#include <link.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#endif

namespace inform {

#ifdef __linux__

namespace {

// Reads a value at an offset of the file; false beyond its end.
template <typename T>
bool read_at(std::ifstream & file, uint64_t offset, T & value) {
    file.clear();
    file.seekg(static_cast<std::streamoff>(offset));
    return static_cast<bool>(file.read(reinterpret_cast<char *>(&value), sizeof value));
}

std::string text_at(std::ifstream & file, uint64_t offset) {
    file.clear();
    file.seekg(static_cast<std::streamoff>(offset));
    std::string text;
    std::getline(file, text, '\0');
    return text;
}

}  // namespace

std::vector<std::string> needed_libraries(const std::string & path) {
    std::ifstream file(path, std::ios::binary);
    ElfW(Ehdr) header;
    constexpr unsigned char word_size = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    if (!read_at(file, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != word_size) {
        return {};
    }
    std::vector<ElfW(Phdr)> segments;
    for (uint64_t i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) segment;
        if (!read_at(file, header.e_phoff + i * header.e_phentsize, segment)) {
            return {};
        }
        segments.push_back(segment);
    }
    std::vector<uint64_t> names;
    uint64_t strings = 0;  // the string table's address in memory
    for (const auto & segment : segments) {
        for (uint64_t at = 0; segment.p_type == PT_DYNAMIC && at < segment.p_filesz; at += sizeof(ElfW(Dyn))) {
            ElfW(Dyn) entry;
            if (!read_at(file, segment.p_offset + at, entry) || entry.d_tag == DT_NULL) {
                break;
            }
            if (entry.d_tag == DT_NEEDED) {
                names.push_back(entry.d_un.d_val);
            } else if (entry.d_tag == DT_STRTAB) {
                strings = entry.d_un.d_ptr;
            }
        }
    }
    std::vector<std::string> needed;
    for (const auto & segment : segments) {
        if (segment.p_type == PT_LOAD && strings >= segment.p_vaddr && strings < segment.p_vaddr + segment.p_filesz) {
            for (uint64_t name : names) {
                needed.push_back(text_at(file, strings - segment.p_vaddr + segment.p_offset + name));
            }
        }
    }
    return needed;
}

#else

std::vector<std::string> needed_libraries(const std::string &) {
    return {};
}

#endif

}  // namespace inform
