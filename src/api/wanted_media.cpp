#include "wanted_media.hpp"

#include "mxcd/matrix/error.hpp"

#include "media_path.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace mxcd::api {

namespace {

matrix::Error not_found() { return matrix::Error(matrix::ErrorCode::not_found, "Not found"); }

bool is_exempt(const DeskConfig& config, const matrix::MediaId& id) {
    const std::string uri = matrix::mxc_uri(config.server_name, id);
    return std::ranges::find(config.unauthenticated_media, uri) != config.unauthenticated_media.end();
}

bool may_have(const Call& call, const media::MediaRecord& record) {
    if (call.caller || !call.config.enable_authenticated_media) return true;
    return !record.needs_authentication || is_exempt(call.config, record.id);
}

}  // namespace

WantedMedia wanted_media(const Call& call) {
    return {server_name_in(call.parameters.at(0)), media_id_in(call.parameters.at(1)),
            patience_in(call.request.query)};
}

bool MediaFinder::knows(const Call& call, const WantedMedia& wanted) const {
    if (wanted.server != call.config.server_name) return false;
    const std::shared_ptr<const media::MediaRecord> record = downloads_.recall(wanted.id);
    return record && may_have(call, *record);
}

async::Task<media::Download> MediaFinder::find(const Call& call, WantedMedia wanted) const {
    if (wanted.server != call.config.server_name) throw not_found();
    std::optional<media::Download> found = co_await downloads_.open(wanted.id);
    if (!found) {
        co_await arrivals_.await_content(wanted.id, wanted.patience, call.request.hang_up());
        found = co_await downloads_.open(wanted.id);
    }
    if (!found || !may_have(call, *found->record)) throw not_found();
    co_return *std::move(found);
}

}  // namespace mxcd::api
