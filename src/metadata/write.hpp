#pragma once

#include <exception>

namespace mxcd::metadata {

class Store;

/// A change that waits for its group's commit.
class Write {
  public:
    virtual ~Write() = default;
    /// Writes rows. When it throws, only its own rows are taken back. Called on the database's thread, and
    /// again after everything was taken back because another write of the group had failed.
    virtual void apply(Store& store) = 0;
    /// The rows are there for every read from now on, though not yet durable: what must change in memory at
    /// the same moment changes here. Called on the database's thread.
    virtual void committed() noexcept {}
    /// Tells the caller: durable when `failure` is empty; nobody knows when it is base::OutcomeUnknown;
    /// otherwise nothing was written. Called on either thread.
    virtual void answer(std::exception_ptr failure) noexcept = 0;
};

}  // namespace mxcd::metadata
