#include "buffer_pool.hpp"

#include <sys/mman.h>

#include <new>

namespace mxcd::http {

BodyBuffer::BodyBuffer() : memory_(nullptr) {
    void* const mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    memory_ = static_cast<std::byte*>(mapped);
}

BodyBuffer::~BodyBuffer() { munmap(memory_, size); }

}  // namespace mxcd::http
