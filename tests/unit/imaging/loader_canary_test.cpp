#include "imaging/decoder_host.hpp"
#include "imaging/memory_file.hpp"
#include "imaging/read_result.hpp"
#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <string_view>

using namespace mxcd;
using namespace std::chrono_literals;

namespace {

/// One picture in each format: tests/formats/make says which.
std::set<std::string> pictures() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(MXCD_TEST_FORMATS))
        if (entry.path().filename() != "make") names.insert(entry.path().filename());
    REQUIRE(names.size() >= 34);
    return names;
}

const std::set<std::string> allowed{"picture.gif", "picture.jpeg", "picture.png", "picture.webp"};

struct Opened {
    std::set<std::string> blocked;  // by libvips as a decoder process sets it up
    std::set<std::string> free;     // by libvips with nothing blocked
};

/// What libvips decodes in a process without a sandbox, with all its plug-ins.
Opened open_outside_of_any_sandbox(const std::set<std::string>& names) {
    // What the libraries of all those formats do with their memory is not judged here.
    std::string command =
        "cd " MXCD_TEST_FORMATS
        " && ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=report_bugs=0 " MXCD_OPEN_PICTURES_PROGRAM;
    for (const std::string& name : names) command += " " + name;
    const std::unique_ptr<FILE, int (*)(FILE*)> output(popen((command + " 2>/dev/null").c_str(), "r"),
                                                       pclose);
    REQUIRE(output);
    Opened opened;
    std::array<char, 200> line{};
    std::size_t lines = 0;
    for (; std::fgets(line.data(), line.size(), output.get()) != nullptr; ++lines) {
        std::string_view name(line.data());
        name.remove_suffix(1);
        if (name.front() == '1')
            (lines < names.size() ? opened.blocked : opened.free).emplace(name.substr(1));
    }
    REQUIRE(lines == 2 * names.size());
    return opened;
}

std::string bytes_of(const std::string& name) {
    std::ifstream file(std::filesystem::path(MXCD_TEST_FORMATS) / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Those of the pictures that a decoder process opens.
std::set<std::string> opened_by(const imaging::DecoderHost& host, imaging::DecodeOrder order,
                                const std::set<std::string>& names) {
    std::set<std::string> opened;
    for (const std::string& name : names) {
        CAPTURE(name);
        const std::string bytes = bytes_of(name);
        order.input_size = std::ssize(bytes);
        const imaging::RawResult result = host.run(order, imaging::make_memory_file(bytes), 10s);
        REQUIRE(result.ending == imaging::Ending::finished);
        const auto outcome = imaging::read_result(result.bytes, order);
        REQUIRE(outcome);
        if (std::holds_alternative<media::DecodedPicture>(*outcome)) opened.insert(name);
    }
    return opened;
}

}  // namespace

TEST_CASE(
    "of the formats that libvips decodes, a decoder process decodes JPEG, PNG, GIF and WebP and no other") {
    const std::set<std::string> names = pictures();
    const Opened outside = open_outside_of_any_sandbox(names);
    // The pictures are good, and it is the block that keeps the others out, not only the sandbox.
    for (const std::string& name : names)
        if (!outside.free.contains(name)) WARN(name << ": not decoded by this system's libvips either");
    CHECK(outside.free.size() >= 34);
    CHECK(outside.blocked == allowed);

    const imaging::DecoderHost host(MXCD_DECODER_PROGRAM, imaging::DecoderKind::images);
    host.await_greeting(5s);
    imaging::DecodeOrder probe;
    probe.trusts_loaders = 1;
    CHECK(opened_by(host, probe, names) == allowed);
    imaging::DecodeOrder thumbnail;
    thumbnail.max_pixels = 1'000;
    thumbnail.form_count = 1;
    thumbnail.forms[0] = {4, 3, 1, 0, 0};
    CHECK(opened_by(host, thumbnail, names) == allowed);
}
