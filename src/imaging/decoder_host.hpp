#pragma once

#include "mxcd/base/unique_fd.hpp"
#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include "decode_order.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace mxcd::imaging {

/// How a decode ended, as the service sees it.
enum class Ending : std::uint8_t {
    finished,   // its bytes are all there; what they say is still to be checked
    crashed,    // killed by a limit or the filter, or ended without a word
    timed_out,  // killed at its deadline
    too_much,   // killed because it wrote more than a result can have
    not_begun,  // the decoder process is gone
};

struct RawResult {
    Ending ending = Ending::not_begun;
    std::string bytes;
};

/// A decoder process of ours. Thread-safe. The destructor kills it and with it all its decodes.
class DecoderHost {
  public:
    /// Starts it. Throws base::UpstreamError.
    DecoderHost(const std::filesystem::path& program, DecoderKind kind);
    ~DecoderHost();
    DecoderHost(const DecoderHost&) = delete;
    DecoderHost& operator=(const DecoderHost&) = delete;

    /// Waits until it is ready. Throws base::UpstreamError when its sandbox does not hold, or after `limit`.
    void await_greeting(std::chrono::milliseconds limit) const;

    /// One decode, from order to result. Blocks until it ends or is killed at `deadline`.
    [[nodiscard]] RawResult run(const DecodeOrder& order, const base::UniqueFd& input,
                                std::chrono::milliseconds deadline) const;

    [[nodiscard]] bool is_alive() const { return !ends_within(std::chrono::milliseconds(0)); }
    /// Waits until it has ended; false when it lives on after `limit`.
    [[nodiscard]] bool ends_within(std::chrono::milliseconds limit) const;
    void kill() const noexcept;
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    base::UniqueFd control_;
    base::UniqueFd process_;
    pid_t pid_ = -1;
};

}  // namespace mxcd::imaging
