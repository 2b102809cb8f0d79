/// How jemalloc, the memory allocator of the optimised builds, is to behave. Memory that one thread allocates
/// and another frees costs glibc's allocator a contended lock (an upload's body is allocated on an io thread
/// and freed on the database's), and what a burst of uploads took would stay with the process. Dirty pages go
/// back to the system after a second, on a thread of the allocator's own. Threads keep few free pieces for
/// themselves: what they keep after a burst holds the pages around it.
extern "C" const char* malloc_conf;
const char* malloc_conf =
    "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,"
    "tcache_nslots_small_min:4,tcache_nslots_small_max:8,tcache_nslots_large:4";
