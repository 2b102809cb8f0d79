#pragma once

#include "app/configuration.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace mxcd::test {

/// The smallest configuration that is fine.
inline const std::string minimal =
    "server_name: example.org\n"
    "listeners: [{port: 8090, resources: [media, health]}]\n"
    "auth: {homeserver_url: \"http://127.0.0.1:8008\"}\n"
    "database: {sqlite: {path: mxcd.db}}\n";

inline app::LoadOutcome read(const std::string& text) { return app::read_configuration({{"a.yaml", text}}); }

/// The minimal configuration with more keys below it; they begin in line 5.
inline app::LoadOutcome read_with(const std::string& more) { return read(minimal + more); }

inline std::string texts_of(const std::vector<app::Remark>& remarks) {
    std::string text;
    for (const app::Remark& remark : remarks) text += remark.text() + "\n";
    return text;
}

inline std::string content_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline std::filesystem::path source_folder() {
    return MXCD_SOURCE_FOLDER;  // not __FILE__: ccache may make that relative
}

}  // namespace mxcd::test
