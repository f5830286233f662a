/* Folders that tests write into. */
#ifndef DN_TESTS_FOLDER_H
#define DN_TESTS_FOLDER_H

/* How many files, hidden ones aside, are in a folder; 0 when it cannot be read. */
int folder_files(const char *path);

#endif
