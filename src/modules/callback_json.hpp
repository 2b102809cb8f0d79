#pragma once

#include "mxcd/matrix/json.hpp"
#include "mxcd/media/media_module.hpp"

#include <optional>
#include <stdexcept>
#include <vector>

namespace mxcd::modules {

/// A module's answer has not the form that its callback asks for.
struct BadAnswer : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The arguments of callbacks by the contract's names (section 5).
[[nodiscard]] matrix::Json user_arguments(const matrix::UserId& user);
[[nodiscard]] matrix::Json upload_arguments(const media::UploadFacts& facts);
[[nodiscard]] matrix::Json limit_arguments(const media::LimitEvent& event);
/// Without the bytes: how a module gets at them depends on its kind.
[[nodiscard]] matrix::Json file_arguments(const media::FileFacts& facts);
[[nodiscard]] matrix::Json deleted_arguments(const matrix::MediaId& media);
[[nodiscard]] matrix::Json uploaded_arguments(const matrix::UserId& user, const matrix::MediaId& media,
                                              base::ByteCount size);

/// {max_bytes, time_period_ms} and, where they are set, info_uri and can_upgrade.
[[nodiscard]] matrix::Json limit_json(const media::UploadLimit& limit);

/// Answers. Throw BadAnswer.
[[nodiscard]] std::optional<matrix::Json> config_of(const matrix::Json& answer);
[[nodiscard]] bool boolean_of(const matrix::Json& answer);
[[nodiscard]] std::optional<std::vector<media::UploadLimit>> limits_of(const matrix::Json& answer);
/// null, "allow", "quarantine", "reject", or {"reject": {status, errcode, error}}.
[[nodiscard]] media::FileVerdict verdict_of(const matrix::Json& answer);

/// A module's own Matrix error: {status, errcode, error}, each with a default (403 M_FORBIDDEN).
[[nodiscard]] matrix::Error error_of(const matrix::Json& error);

}  // namespace mxcd::modules
