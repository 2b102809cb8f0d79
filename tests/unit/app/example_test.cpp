#include "app/effective_settings.hpp"
#include "configuration_texts.hpp"
#include "support/catch.hpp"

#include <random>

namespace {

using namespace mxcd;
using test::content_of;
using test::minimal;
using test::read;
using test::source_folder;
using test::texts_of;

std::string example() { return content_of(source_folder() / "config" / "mxcd.example.yaml"); }

TEST_CASE("the example configuration is fine and says the defaults", "[configuration]") {
    const app::LoadOutcome outcome = read(example());
    INFO(texts_of(outcome.report.mistakes));
    REQUIRE(outcome.configuration);
    CHECK(texts_of(outcome.report.warnings).empty());
    const app::LoadOutcome defaults = read(minimal);
    REQUIRE(defaults.configuration);
    CHECK(app::effective_settings(*outcome.configuration) ==
          app::effective_settings(*defaults.configuration));
}

TEST_CASE("the example configuration documents every key", "[configuration]") {
    // Sections are only decoded when they are there, so all of them are, right or wrong.
    const app::LoadOutcome outcome = read(
        "listeners: [{path: x, resources: [{names: [media]}]}]\n"
        "auth: {introspection: {}, static_tokens: [{}]}\n"
        "database: {sqlite: {}, postgres: {}}\n"
        "s3: {}\nmedia_upload_limits: [{}]\nrc_media_upload: {}\nrc_media_create: {}\nexperimental_features: "
        "{}\npython: {}\nlog: {}\n"
        "modules: [{builtin: user_tiers, config: {rules: [{}]}}, {builtin: mime_policy}, {builtin: "
        "total_quota}, {builtin: clamd}, {webhook: x}, "
        "{library: x}]\n");
    CHECK(outcome.report.known_keys.size() > 60);
    const std::string text = example();
    for (const std::string& key : outcome.report.known_keys) {
        const std::string name = key.substr(key.find_last_of('.') + 1);
        CAPTURE(key);
        CHECK((text.find(name + ":") != std::string::npos ||
               text.find(" " + name + ",") != std::string::npos ||
               text.find(" " + name + " ") != std::string::npos));
    }
}

TEST_CASE("the quickstart configuration is fine but for the token that is made later", "[configuration]") {
    const app::LoadOutcome outcome = read(content_of(source_folder() / "config" / "quickstart.yaml"));
    REQUIRE(outcome.report.mistakes.size() == 1);
    CHECK(outcome.report.mistakes[0].key == "auth.static_tokens[0].token_path");
}

std::string mutated(std::string text, std::mt19937& random) {
    const auto below = [&random](std::size_t end) {
        return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
    };
    const std::string bits = "[]{}:,-&*!|>'\"%@`#?~ \n\t\x01\xff\xc3K9";
    for (std::size_t i = 1 + below(8); i > 0; --i) {
        if (text.empty()) return text;
        const std::size_t at = below(text.size());
        switch (below(6)) {
            case 0:
                text[at] = bits[below(bits.size())];
                break;
            case 1:
                text.insert(at, 1 + below(3), bits[below(bits.size())]);
                break;
            case 2:
                text.erase(at, 1 + below(20));
                break;
            case 3:
                text.insert(at, text.substr(below(text.size()), below(60)));
                break;
            case 4:
                text.erase(std::max<std::size_t>(1, at));
                break;
            default:
                text[at] = static_cast<char>(below(256));
                break;
        }
    }
    return text;
}

TEST_CASE("two thousand broken configurations are read or refused with a reason, and never crash",
          "[configuration]") {
    std::mt19937 random(20'240'607);
    // Comments are lost on the reader: without them every mutation hits something.
    std::string seed;
    for (const std::string text = example(); const char c : text) seed += c == '#' ? ' ' : c;
    const std::vector<std::string> seeds{example(), minimal, seed};
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
        const std::string text = mutated(seeds[static_cast<std::size_t>(i) % seeds.size()], random);
        const app::LoadOutcome outcome = read(text);
        INFO(text);
        REQUIRE(outcome.configuration.has_value() == outcome.report.mistakes.empty());
        if (!outcome.configuration) ++refused;
    }
    CHECK(refused > 500);
    CHECK(refused < 2000);
}

}  // namespace
