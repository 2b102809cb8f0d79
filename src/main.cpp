#include "mxcd/app/command_line.hpp"

int main(int argc, char** argv) { return mxcd::app::run_command_line(argc, argv); }
