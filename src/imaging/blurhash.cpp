#include "blurhash.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace mxcd::imaging {

namespace {

constexpr int columns = 4;
constexpr int rows = 3;
constexpr std::string_view digits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
constexpr std::size_t base = digits.size();
static_assert(base == 83);

/// Linear light, 0 to 1; of a component that is not the average also negative.
struct Colour {
    double red = 0;
    double green = 0;
    double blue = 0;
};

double linear_of(std::byte value) {
    const double part = std::to_integer<int>(value) / 255.0;
    return part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
}

std::size_t srgb_of(double linear) {
    const double part = std::clamp(linear, 0.0, 1.0);
    const double value = part <= 0.0031308 ? part * 12.92 : 1.055 * std::pow(part, 1 / 2.4) - 0.055;
    return static_cast<std::size_t>(std::lround(value * 255));
}

std::vector<Colour> pixels_of(std::span<const std::byte> rgb) {
    std::vector<Colour> pixels;
    pixels.reserve(rgb.size() / 3);
    for (std::size_t at = 0; at + 2 < rgb.size(); at += 3)
        pixels.push_back({linear_of(rgb[at]), linear_of(rgb[at + 1]), linear_of(rgb[at + 2])});
    return pixels;
}

double wave(int component, std::int32_t at, std::int32_t length) {
    return std::cos(std::numbers::pi * component * at / length);
}

/// How much of the wave with this many half turns across and down is in the picture.
Colour component(const SmallPicture& picture, std::span<const Colour> pixels, int across, int down) {
    Colour sum;
    auto pixel = pixels.begin();
    for (std::int32_t y = 0; y < picture.height; ++y) {
        const double vertical = wave(down, y, picture.height);
        for (std::int32_t x = 0; x < picture.width; ++x, ++pixel) {
            const double weight = vertical * wave(across, x, picture.width);
            sum.red += weight * pixel->red;
            sum.green += weight * pixel->green;
            sum.blue += weight * pixel->blue;
        }
    }
    const double share = (across == 0 && down == 0 ? 1.0 : 2.0) / static_cast<double>(pixels.size());
    return {sum.red * share, sum.green * share, sum.blue * share};
}

double largest_value(std::span<const Colour> components) {
    double largest = 0;
    for (const Colour& each : components)
        largest = std::max({largest, std::abs(each.red), std::abs(each.green), std::abs(each.blue)});
    return largest;
}

/// A value between -largest and largest in 19 steps, finer around zero.
std::size_t step_of(double value, double largest) {
    const double part = value / largest;
    const double root = std::copysign(std::sqrt(std::abs(part)), part);
    return static_cast<std::size_t>(std::clamp(std::floor(root * 9 + 9.5), 0.0, 18.0));
}

class Writer {
  public:
    void number(std::size_t value, std::size_t length) {
        for (std::size_t digit = length; digit > 0; --digit, value /= base)
            text_.at(length_ + digit - 1) = digits[value % base];
        length_ += length;
    }
    [[nodiscard]] const BlurHash& text() const { return text_; }

  private:
    BlurHash text_{};
    std::size_t length_ = 0;
};

}  // namespace

BlurHash blurhash(const SmallPicture& picture) {
    const std::vector<Colour> pixels = pixels_of(picture.rgb);
    assert(!pixels.empty() && std::ssize(pixels) == std::int64_t{picture.width} * picture.height);
    std::vector<Colour> components;
    for (int down = 0; down < rows; ++down)
        for (int across = 0; across < columns; ++across)
            components.push_back(component(picture, pixels, across, down));
    const Colour average = components.front();
    const std::span<const Colour> others = std::span(components).subspan(1);
    const double scale = std::clamp(std::floor(largest_value(others) * 166 - 0.5), 0.0, 82.0);
    const double largest = (scale + 1) / 166;

    Writer writer;
    writer.number((columns - 1) + (rows - 1) * 9, 1);
    writer.number(static_cast<std::size_t>(scale), 1);
    writer.number(srgb_of(average.red) << 16U | srgb_of(average.green) << 8U | srgb_of(average.blue), 4);
    for (const Colour& each : others)
        writer.number((step_of(each.red, largest) * 19 + step_of(each.green, largest)) * 19 +
                          step_of(each.blue, largest),
                      2);
    return writer.text();
}

bool is_blurhash(std::string_view text) {
    return text.size() == blurhash_length && text.find_first_not_of(digits) == std::string_view::npos;
}

}  // namespace mxcd::imaging
