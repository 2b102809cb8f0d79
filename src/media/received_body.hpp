#pragma once

#include "mxcd/async/byte_source.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/base/byte_count.hpp"
#include "mxcd/media/blob_store.hpp"
#include "mxcd/media/media_record.hpp"

#include <memory>
#include <optional>
#include <string>

namespace mxcd::media {

/// A body that has arrived whole, counted and hashed: in memory when it is small, in the spool when it is
/// not.
struct ReceivedBody {
    BlobKey key;
    base::ByteCount size;
    std::string bytes;                   // the body, when there is no writer
    std::unique_ptr<BlobWriter> writer;  // finished
};

struct BodyRules {
    std::optional<base::ByteCount> declared_size;  // nothing: chunked
    base::ByteCount max_size;
    base::ByteCount inline_max;
};

/// Reads `body` to its end. Throws matrix::Error too_large the moment `max_size` is passed, base::ClientGone
/// when fewer bytes come than declared, base::MalformedBody when more come, and what the source and the store
/// throw.
async::Task<ReceivedBody> receive_body(async::ByteSource& body, BodyRules rules, BlobStore& blobs);

/// The bytes for those who look at them before the commit, wherever they are.
async::Task<OpenBlob> open_received(const ReceivedBody& received);

}  // namespace mxcd::media
