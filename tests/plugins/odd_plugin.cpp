// Plugins that keep to the interface in their own way, one for each value of ODDITY. They are C++, which may
// be used as well as C.
#include "mxcd/plugin.h"

#include <stdexcept>

namespace {

const mxcd_host* host_of_it = nullptr;

int start(const mxcd_host* host, void** /*self*/, char* /*reason*/, size_t /*reason_size*/) {
    host_of_it = host;
    return 0;
}

void throw_something(void* /*self*/, mxcd_call /*call*/, const mxcd_upload* /*upload*/) {
    throw std::runtime_error("an exception");
}

void allow(void* /*self*/, mxcd_call call, const mxcd_upload* /*upload*/) {
    host_of_it->answer_allowed(host_of_it, call, 1);
}

/// What a later minor version might append.
struct LaterPlugin {
    mxcd_plugin first;
    void (*on_media_expired)(void* self, mxcd_call call, const mxcd_deleted* event);
};

LaterPlugin make_table() {
    LaterPlugin table{};
    table.first.struct_size = sizeof(mxcd_plugin);
    table.first.abi_major = MXCD_ABI_MAJOR;
    table.first.abi_minor = MXCD_ABI_MINOR;
    switch (ODDITY) {
        case 1:  // another major version
            table.first.abi_major = MXCD_ABI_MAJOR + 1;
            break;
        case 2:  // a size that was forgotten
            table.first.struct_size = 0;
            break;
        case 3:  // a later minor version
            table.first.struct_size = sizeof(LaterPlugin);
            table.first.abi_minor = MXCD_ABI_MINOR + 1;
            table.first.start = start;
            table.first.is_user_allowed_to_upload_media_of_size = allow;
            break;
        case 4:  // an exception in a callback
            table.first.is_user_allowed_to_upload_media_of_size = throw_something;
            break;
        default:
            break;
    }
    return table;
}

}  // namespace

#if ODDITY == 6  // another name
#define mxcd_plugin_entry mxcd_plugin_entrance
extern "C" MXCD_EXPORT const mxcd_plugin* mxcd_plugin_entrance();
#endif

const mxcd_plugin* mxcd_plugin_entry() {
    static const LaterPlugin table = make_table();
    return ODDITY == 5 ? nullptr : &table.first;  // 5: no table; 7: no callbacks
}
