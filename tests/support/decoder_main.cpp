#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include <cstdlib>

/// A program that is nothing but a decoder process, for tests of the room.
int main(int argc, char** argv) {
    if (argc != 2) return EXIT_FAILURE;
    const auto kind = mxcd::imaging::decoder_called(argv[1]);
    return kind ? mxcd::imaging::run_decoder_process(*kind) : EXIT_FAILURE;
}
