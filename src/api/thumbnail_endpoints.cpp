#include "thumbnail_endpoints.hpp"

#include "mxcd/base/text.hpp"
#include "mxcd/matrix/error.hpp"

#include "ranges.hpp"
#include "response_headers.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mxcd::api {

namespace {

using matrix::Error;
using matrix::ErrorCode;

/// The thumbnail of a media ID may be another one after a change of the configuration, so not `immutable`.
constexpr std::string_view cache_control = "private, max-age=86400";

/// No picture has more pixels in a row.
constexpr std::int64_t max_side = 1'000'000;

std::optional<std::string> value_of(std::string_view query, std::string_view key) {
    const std::optional<std::string_view> encoded = base::query_value(query, key);
    if (!encoded) return std::nullopt;
    std::optional<std::string> text = base::percent_decode(*encoded, base::PlusSign::space);
    // What is no text is no number, method or truth value either.
    return text ? std::move(text) : std::string();
}

std::int32_t side(std::string_view query, const char* key) {
    const std::optional<std::string> text = value_of(query, key);
    if (!text) throw Error(ErrorCode::missing_param, std::string("Missing query parameter ") + key);
    const std::optional<std::int64_t> number = base::parse_decimal(*text);
    if (!number || *number < 1 || *number > max_side)
        throw Error(ErrorCode::invalid_param,
                    std::string("Query parameter ") + key + " must be a positive integer");
    return static_cast<std::int32_t>(*number);
}

media::ThumbnailMethod method(std::string_view query) {
    const std::optional<std::string> text = value_of(query, "method");
    if (!text || *text == "scale") return media::ThumbnailMethod::scale;
    if (*text == "crop") return media::ThumbnailMethod::crop;
    throw Error(ErrorCode::invalid_param, "Query parameter method must be crop or scale");
}

/// Also under the name that it had before Matrix 1.11.
bool is_animated(std::string_view query) {
    std::optional<std::string> text = value_of(query, "animated");
    if (!text) text = value_of(query, "org.matrix.msc2705.animated");
    if (!text || *text == "false") return false;
    if (*text == "true") return true;
    throw Error(ErrorCode::invalid_param, "Query parameter animated must be true or false");
}

/// Named, and not refused: wildcards and preferences are for those who can do without WebP.
bool accepts_webp(const http::Request& request) {
    constexpr std::string_view webp = "image/webp";
    const std::optional<std::string_view> accept = request.header("Accept");
    if (!accept) return false;
    const std::size_t at = accept->find(webp);
    if (at == std::string_view::npos) return false;
    std::string_view parameters = accept->substr(at + webp.size());
    parameters = parameters.substr(0, parameters.find(','));
    return parameters.find("q=0") == std::string_view::npos ||
           parameters.find("q=0.") != std::string_view::npos;
}

media::ThumbnailForm wanted_by(const http::Request& request) {
    media::ThumbnailForm form;
    form.size = {side(request.query, "width"), side(request.query, "height"), method(request.query)};
    form.is_animated = is_animated(request.query);
    form.prefers_webp = accepts_webp(request);
    return form;
}

std::string_view file_name(media::ImageType type) {
    switch (type) {
        case media::ImageType::jpeg:
            return "thumbnail.jpg";
        case media::ImageType::png:
            return "thumbnail.png";
        case media::ImageType::gif:
            return "thumbnail.gif";
        case media::ImageType::webp:
            return "thumbnail.webp";
    }
    return "thumbnail";
}

http::Body body_of(const media::Thumbnail& thumbnail) {
    const std::int64_t size = thumbnail.size.value();
    if (const auto* const blob = std::get_if<media::OpenBlob>(&thumbnail.body))
        return http::FileSlice{blob->file, 0, size};
    return http::MemorySlice{std::get<std::shared_ptr<const std::string>>(thumbnail.body), 0, size};
}

}  // namespace

async::Task<http::Response> ThumbnailEndpoints::thumbnail(const Call& call) const {
    const media::ThumbnailForm wanted = wanted_by(call.request);
    WantedMedia asked_for = wanted_media(call);
    std::optional<media::Thumbnail> thumbnail;
    if (finder_.knows(call, asked_for)) thumbnail = thumbnails_.recall(asked_for.id, wanted);
    if (!thumbnail) {
        media::Download original = co_await finder_.find(call, std::move(asked_for));
        thumbnail = co_await thumbnails_.open(std::move(original), wanted);
    }
    if (!thumbnail) throw Error(ErrorCode::not_found, "Not found");
    const std::string tag = entity_tag(thumbnail->key.hex());
    http::Response response;
    response.headers.reserve(content_header_size);
    response.headers.add("ETag", tag).add("Cache-Control", cache_control);
    if (thumbnails_.policy()->offers_webp) response.headers.add("Vary", "Accept");
    const std::optional<std::string_view> known = call.request.header("If-None-Match");
    if (known && matches_any(*known, tag)) {
        response.status = 304;
        co_return response;
    }
    const media::ImageType type = thumbnail->record->type;
    response.headers.add("Content-Type", media::mime_type(type))
        .add("Content-Disposition", "inline; filename=" + std::string(file_name(type)));
    response.body = body_of(*thumbnail);
    co_return response;
}

}  // namespace mxcd::api
