/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_machine.h"
#include "base/thread.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { LINE = 8192 }; /* the flags of a processor are one line */

/* What follows `key` and blanks, `between` and quotes in the first line that begins with it; "": none does. */
static void read_value(const char *path, const char *key, char between, char *out, size_t size)
{
    char line[LINE];
    const size_t length = strlen(key);
    FILE *f = fopen(path, "r");
    *out = '\0';
    while (f && !*out && fgets(line, sizeof line, f)) {
        const char *text = line + length;
        if (strncmp(line, key, length) != 0)
            continue;
        text += strspn(text, " \t");
        if (*text++ == between) {
            text += strspn(text, " \t\"'");
            snprintf(out, size, "%.*s", (int)strcspn(text, "\"'\n"), text);
        }
    }
    if (f)
        fclose(f);
}

static bool has_word(const char *list, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

/* A processor's name alone may say little: "AMD EPYC". */
static const char *read_vectors(void)
{
    static const char *const widest_first[] = {"avx512f", "avx2", "avx", "sse4_2", "sve", "asimd"};
    char flags[LINE];
    read_value("/proc/cpuinfo", "flags", ':', flags, sizeof flags);
    if (!*flags) /* of ARM */
        read_value("/proc/cpuinfo", "Features", ':', flags, sizeof flags);
    for (size_t i = 0; i < sizeof widest_first / sizeof *widest_first; i++)
        if (has_word(flags, widest_first[i]))
            return widest_first[i];
    return "";
}

void vr_machine_read(vr_machine *m)
{
    struct utsname kernel = {0};
    const long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    *m = (vr_machine){.vectors = read_vectors(), .cores = vr_cpu_count()};
    uname(&kernel);
    snprintf(m->system, sizeof m->system, "%s", kernel.sysname);
    snprintf(m->release, sizeof m->release, "%s", kernel.release);
    read_value("/proc/cpuinfo", "model name", ':', m->cpu, sizeof m->cpu);
    if (!*m->cpu)
        snprintf(m->cpu, sizeof m->cpu, "%s", kernel.machine);
    read_value("/etc/os-release", "PRETTY_NAME", '=', m->os, sizeof m->os);
    if (pages > 0 && bytes > 0)
        m->memory_bytes = (uint64_t)pages * (uint64_t)bytes;
    if (getloadavg(&m->load, 1) != 1)
        m->load = NAN;
}

void vr_out_machine(vr_json_out *j, const vr_machine *m)
{
    vr_out_begin(j, "machine", '{');
    vr_out_text(j, "cpu", m->cpu);
    vr_out_text(j, "vectors", m->vectors);
    vr_out_uint(j, "cores", m->cores);
    vr_out_uint(j, "memory_bytes", m->memory_bytes);
    vr_out_text(j, "os", m->os);
    vr_out_text(j, "system", m->system);
    vr_out_text(j, "release", m->release);
    vr_out_number(j, "load_before", m->load);
    vr_out_end(j, '}');
}
