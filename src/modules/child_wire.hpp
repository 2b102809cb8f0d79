#pragma once

#include "mxcd/base/unique_fd.hpp"
#include "mxcd/matrix/json.hpp"

#include "frames.hpp"

#include <deque>
#include <mutex>
#include <optional>

namespace mxcd::modules {

/// A child's end of its socket (Children says what goes over it). Blocks. One thread receives; any may send.
class ChildWire {
  public:
    explicit ChildWire(base::UniqueFd socket) : socket_(std::move(socket)) {}

    struct Received {
        matrix::Json frame;
        base::UniqueFd file;  // where the frame has one
    };
    /// Nothing when the other end is gone. Throws BadFrame, and std::system_error when a descriptor was lost,
    /// after which nobody knows whose the next one is.
    [[nodiscard]] std::optional<Received> receive();
    /// Does nothing when the other end is gone. Throws BadFrame when it is too long for a frame.
    void send(const matrix::Json& frame);

  private:
    /// False at the end.
    bool read_more();

    const base::UniqueFd socket_;
    FrameReader frames_{longest_frame_to_child};
    std::deque<base::UniqueFd> files_;  // in the order of the frames that they came with
    std::mutex sending_;
};

}  // namespace mxcd::modules
