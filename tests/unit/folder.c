#include "folder.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

char folder[64];

int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/lensweep-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

int remove_folder(void **state)
{
    char command[96];

    (void)state;
    mem_fail_nth(0);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

const char *in_folder(const char *name)
{
    static char path[8][256];
    static int turn;
    char *p = path[turn = (turn + 1) % 8];

    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}
