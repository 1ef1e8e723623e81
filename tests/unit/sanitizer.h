/* SPDX-License-Identifier: Apache-2.0
 *
 * What a test leaves out under a sanitizer, which looks at how the code runs and not at what comes out. The thread
 * sanitizer sees nothing but threads and makes a program about ten times slower: in its build a test program runs only
 * what starts threads. The other tests run in the release build and under the address sanitizer.
 */
#ifndef WN_TEST_SANITIZER_H
#define WN_TEST_SANITIZER_H

#if defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1, THREADS_ONLY = 1 };
#elif defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1, THREADS_ONLY = 0 };
#else
enum { SANITIZED = 0, THREADS_ONLY = 0 };
#endif

/* A row of the table of tests for what runs on one thread: cmocka passes over a test without a function. */
#define SERIAL_TEST(test)                                                                                              \
    {                                                                                                                  \
        .name = #test, .test_func = THREADS_ONLY ? (CMUnitTestFunction)0 : (test)                                      \
    }

#endif
