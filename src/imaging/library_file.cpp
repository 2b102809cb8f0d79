#include "library_file.hpp"

#include <dlfcn.h>

#include <stdexcept>
#include <utility>

namespace mxcd::imaging {

LibraryFile::LibraryFile(std::string name, const std::string& package)
    : name_(std::move(name)), handle_(dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw std::runtime_error(name_ + " is not installed (package " + package + ")");
}

void* LibraryFile::symbol(const char* name) const {
    void* const found = dlsym(handle_, name);
    if (found == nullptr) throw std::runtime_error(name_ + " has no " + name);
    return found;
}

}  // namespace mxcd::imaging
