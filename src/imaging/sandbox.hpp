#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

namespace mxcd::imaging {

/// A layer of the sandbox is missing on this machine; what() says which, for the operator.
struct NoSandbox : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What a decode may do: compute, with little memory and time, and write its result.
class Sandbox {
  public:
    /// For the decoder process, once everything that it needs from the disk is loaded: from here on this
    /// process and its children reach no file, and gain no right by executing something. Throws NoSandbox.
    /// `loaded`: bytes of address space that a decode may have besides the usual 400 MiB, for larger
    /// libraries.
    explicit Sandbox(std::int64_t loaded);

    /// For the process of one decode: puts the limits and the filter of system calls into force. Ends the
    /// process when one of them fails.
    void enter(std::int64_t input_size) const;

  private:
    std::int64_t loaded_;
    std::vector<sock_filter> filter_;
};

}  // namespace mxcd::imaging
