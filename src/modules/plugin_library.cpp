#include "plugin_library.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace mxcd::modules {

namespace {

/// What version 1.0 had: a table that is shorter is broken.
constexpr std::size_t least_size = offsetof(mxcd_plugin, on_media_deleted) + sizeof(void (*)());

std::string last_error() {
    const char* const text = dlerror();  // NOLINT(concurrency-mt-unsafe): glibc keeps it for each thread
    return text == nullptr ? "for a reason unknown" : text;
}

std::string version_text(std::uint32_t major, std::uint32_t minor) {
    return std::to_string(major) + "." + std::to_string(minor);
}

const mxcd_plugin* table_of(const std::filesystem::path& library) {
    // Without a slash dlopen would search the system's folders.
    void* const handle = dlopen(std::filesystem::absolute(library).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) throw LibraryError("it is no library: " + last_error());
    void* const symbol = dlsym(handle, MXCD_ENTRY_NAME);
    if (symbol == nullptr)
        throw LibraryError(library.string() + " is no plugin: it does not export " + MXCD_ENTRY_NAME);
    const auto entry = reinterpret_cast<decltype(&mxcd_plugin_entry)>(symbol);
    return entry();
}

}  // namespace

mxcd_plugin load_plugin(const std::filesystem::path& library) {
    const mxcd_plugin* const table = table_of(library);
    if (table == nullptr)
        throw LibraryError(library.string() + " is no plugin: it has no table of callbacks");
    if (table->abi_major != MXCD_ABI_MAJOR)
        throw LibraryError(library.string() + " was built for version " +
                           version_text(table->abi_major, table->abi_minor) +
                           " of the plugin interface, and this mxcd has version " +
                           version_text(MXCD_ABI_MAJOR, MXCD_ABI_MINOR) + ": build it anew");
    if (table->struct_size < least_size)
        throw LibraryError(library.string() + " is no plugin: its table says that it has " +
                           std::to_string(table->struct_size) + " bytes");
    mxcd_plugin copy{};
    std::memcpy(&copy, table, std::min<std::size_t>(table->struct_size, sizeof copy));
    return copy;
}

}  // namespace mxcd::modules
