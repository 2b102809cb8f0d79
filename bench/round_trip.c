/* What 64 bytes to another process and back cost on this machine, nothing else done: the floor under every
   call of a module that is a process. Prints the median in microseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { rounds = 20000 };

static int ascending(const void* left, const void* right) {
    const double a = *(const double*)left, b = *(const double*)right;
    return (a > b) - (a < b);
}

int main(void) {
    static double took[rounds];
    int ends[2];
    char bytes[64] = {0};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
    const pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) {
        close(ends[0]);
        while (read(ends[1], bytes, sizeof bytes) > 0)
            if (write(ends[1], bytes, sizeof bytes) < 0) break;
        _exit(0);
    }
    for (int i = 0; i < rounds; ++i) {
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        if (write(ends[0], bytes, sizeof bytes) < 0 || read(ends[0], bytes, sizeof bytes) < 0) return 1;
        clock_gettime(CLOCK_MONOTONIC, &end);
        took[i] = (double)(end.tv_sec - begin.tv_sec) * 1e6 + (double)(end.tv_nsec - begin.tv_nsec) / 1e3;
    }
    qsort(took, rounds, sizeof took[0], ascending);
    printf("%.1f\n", took[rounds / 2]);
    return 0;
}
