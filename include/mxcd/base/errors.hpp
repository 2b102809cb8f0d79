#pragma once

#include <stdexcept>

namespace mxcd::base {

/// Something of ours is broken: database, disk, a bug. The text is for the log and never reaches a client.
struct StorageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The disk (or the database's disk) has no room left. Answered 503 with Retry-After.
struct StorageFull : StorageError {
    using StorageError::StorageError;
};

/// The file system does not let us do what an operator asked for.
struct NotPermitted : StorageError {
    using StorageError::StorageError;
};

/// A change was committed, and its flush to the disk failed: a restart will find it or not. What the change
/// refers to must stay until then.
struct OutcomeUnknown : StorageError {
    using StorageError::StorageError;
};

/// A service that we depend on is unreachable or answers nonsense. Answered 503 with Retry-After.
struct UpstreamError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A bounded queue is full. Answered 503 with Retry-After.
struct Overloaded : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Whoever sent this request hung up before its body was complete: nobody is left to answer.
struct ClientGone : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The framing of a request body is broken (a bad chunk size, a trailer). Answered 400, then the connection
/// closes.
struct MalformedBody : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace mxcd::base
