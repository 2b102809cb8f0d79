#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"

#include "call.hpp"
#include "limit_link.hpp"

namespace mxcd::api {

/// The page that `info_uri` of M_USER_LIMIT_EXCEEDED leads to: which limit, how much of it is used, when
/// there is room. Without a good signature it tells the general text only. In English, German or French.
class LimitPage {
  public:
    /// References must outlive it.
    LimitPage(const LimitLinks& links, const base::Clock& clock, base::Metrics& metrics);

    async::Task<http::Response> show(const Call& call) const;

  private:
    const LimitLinks& links_;
    const base::Clock& clock_;
    base::Counter& views_;
    http::HeaderBlock headers_;
};

}  // namespace mxcd::api
