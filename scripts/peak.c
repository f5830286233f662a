/* Runs a command and says how long it took and how much memory it had at most.
 *
 *   peak [-cgroup FOLDER] REPORT COMMAND [ARGUMENT]...
 *
 * With -cgroup the command, not this program, is in that control group from its first page on.
 * Appends one line "SECONDS PEAK_KILOBYTES" to the file REPORT and exits as the command did (128 plus
 * the signal when one ended it). A C program because the kernel counts the memory that the starting
 * process had before exec into ru_maxrss of the started one: under Python nothing below 10 MB can be
 * measured, here the floor is about 1 MB.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Moves this process: "0" names the one that writes. */
static int join(const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/cgroup.procs", folder);
    FILE *file = fopen(path, "w");
    int failed = !file || fputs("0", file) < 0;
    failed |= file && fclose(file);
    if (failed)
        perror(path);
    return failed;
}

int main(int argc, char **argv)
{
    const char *folder = NULL;
    if (argc > 2 && !strcmp(argv[1], "-cgroup")) {
        folder = argv[2];
        argc -= 2;
        argv += 2;
    }
    if (argc < 3) {
        fputs("usage: peak [-cgroup FOLDER] REPORT COMMAND [ARGUMENT]...\n", stderr);
        return 2;
    }
    double start = seconds_now();
    pid_t child = fork();
    if (child < 0) {
        perror("peak: fork");
        return 2;
    }
    if (child == 0) {
        if (folder && join(folder))
            _exit(126);
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) < 0) {
        perror("peak: wait4");
        return 2;
    }
    double seconds = seconds_now() - start;
    FILE *report = fopen(argv[1], "a");
    if (!report) {
        perror(argv[1]);
        return 2;
    }
    fprintf(report, "%.3f %ld\n", seconds, usage.ru_maxrss);
    fclose(report);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
