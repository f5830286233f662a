/* Every tests/MODULE/test_NAME.c is one program: it defines suite(), main.c runs it. */
#ifndef DN_TESTS_SUITE_H
#define DN_TESTS_SUITE_H

#include <check.h>

Suite *suite(void);

#endif
