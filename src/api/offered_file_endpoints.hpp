#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/http/response.hpp"
#include "mxcd/media/file_offers.hpp"

#include "call.hpp"

namespace mxcd::api {

/// The bytes of files that are being checked, once each, on a loopback listener of their own.
class OfferedFileEndpoints {
  public:
    /// `offers` must outlive it.
    explicit OfferedFileEndpoints(media::FileOffers& offers) : offers_(offers) {}

    /// 404 for a token that is unknown or used.
    async::Task<http::Response> fetch(const Call& call) const;

  private:
    media::FileOffers& offers_;
};

}  // namespace mxcd::api
