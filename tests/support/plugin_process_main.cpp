// The process of a plugin, for tests of the room: what `mxcd plugin-host` is in the service.
#include "mxcd/modules/library.hpp"

#include <malloc.h>

int main() {
    // The service's allocator is another one. The C library's takes 64 MiB of address space for each of many
    // threads at once, of the 1 GiB that the process has, and then there is none left for their stacks.
    mallopt(M_ARENA_MAX, 1);
    return mxcd::modules::run_plugin_process();
}
