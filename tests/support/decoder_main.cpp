#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include <cstdlib>
#include <string_view>

/// A program that is nothing but a decoder process, for tests of the room.
int main(int argc, char** argv) {
    if (argc != 2 || std::string_view(argv[1]) != mxcd::imaging::decoder_verb) return EXIT_FAILURE;
    return mxcd::imaging::run_decoder_process();
}
