/* A folder of a test's own: cmocka's set-up and tear-down, of the group or of each test. */
#ifndef LENSWEEP_TESTS_FOLDER_H
#define LENSWEEP_TESTS_FOLDER_H

extern char folder[];
int make_folder(void **state);
int remove_folder(void **state); /* with all that stands in it; allocations succeed again */

/* A path in it, in one of a few static places. */
const char *in_folder(const char *name);

#endif
