#pragma once

#include <string>

namespace mxcd::imaging {

/// A shared library that is opened at run time, and never closed: libraries behind it do not expect that.
class LibraryFile {
  public:
    /// `package`: what to install where it is missing. Throws std::runtime_error when it cannot be opened.
    LibraryFile(std::string name, const std::string& package);

    /// Throws std::runtime_error when the library has no function of that name.
    template <class Function>
    void find(const char* name, Function*& into) const {
        into = reinterpret_cast<Function*>(symbol(name));
    }

  private:
    [[nodiscard]] void* symbol(const char* name) const;

    std::string name_;
    void* handle_;
};

}  // namespace mxcd::imaging
