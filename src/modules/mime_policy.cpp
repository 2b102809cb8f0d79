#include "mxcd/base/text.hpp"
#include "mxcd/modules/builtin.hpp"

#include "content_type.hpp"
#include "sniffer.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace mxcd::modules {

namespace {

/// Which types are welcome.
class TypeRules {
  public:
    explicit TypeRules(const MimePolicyConfig& config)
        : allow_(lower_case(config.allow)), deny_(lower_case(config.deny)) {}

    [[nodiscard]] bool allows(const std::string& essence) const {
        if (matches_any(deny_, essence)) return false;
        return allow_.empty() || matches_any(allow_, essence);
    }

  private:
    static std::vector<std::string> lower_case(const std::vector<std::string>& globs) {
        std::vector<std::string> lowered;
        lowered.reserve(globs.size());
        for (const std::string& glob : globs) lowered.push_back(base::to_lower_ascii(glob));
        return lowered;
    }
    static bool matches_any(const std::vector<std::string>& globs, const std::string& essence) {
        return std::any_of(globs.begin(), globs.end(),
                           [&essence](const std::string& glob) { return base::glob_matches(glob, essence); });
    }

    std::vector<std::string> allow_;
    std::vector<std::string> deny_;
};

matrix::Error refusal() {
    return matrix::Error(matrix::ErrorCode::forbidden, "This type of file is not allowed here");
}

class DeclaredTypePolicy final : public media::MediaModule {
  public:
    explicit DeclaredTypePolicy(const MimePolicyConfig& config) : rules_(config) {}

    [[nodiscard]] bool answers_at_once() const override { return true; }
    [[nodiscard]] bool tells_config(const matrix::UserId&) const override { return false; }

    async::Task<bool> is_upload_allowed(media::UploadFacts facts) override {
        if (!rules_.allows(essence_of(facts.declared_type))) throw refusal();
        co_return true;
    }

  private:
    const TypeRules rules_;
};

class SniffedTypePolicy final : public media::MediaModule {
  public:
    explicit SniffedTypePolicy(const MimePolicyConfig& config) : rules_(config) { Sniffer().load(); }

    [[nodiscard]] bool answers_at_once() const override { return true; }
    [[nodiscard]] bool tells_config(const matrix::UserId&) const override { return false; }
    [[nodiscard]] bool checks_files() const override { return true; }

    async::Task<media::FileVerdict> check_file(media::FileFacts facts) override {
        if (!facts.sniffed_type) throw std::runtime_error("nobody can tell the type of the file");
        if (rules_.allows(*facts.sniffed_type)) co_return media::FileAllowed{};
        co_return media::FileRejected{refusal()};
    }

  private:
    const TypeRules rules_;
};

}  // namespace

std::shared_ptr<media::MediaModule> make_mime_policy(const MimePolicyConfig& config) {
    if (config.check == MimePolicyConfig::Check::declared)
        return std::make_shared<DeclaredTypePolicy>(config);
    return std::make_shared<SniffedTypePolicy>(config);
}

}  // namespace mxcd::modules
