/* Which sanitizers a test is built with: gcc and clang say it in ways of their own. */
#ifndef SUPPORT_SANITIZERS_H
#define SUPPORT_SANITIZERS_H

#ifndef __has_feature
#define __has_feature(name) 0
#endif

#if __has_feature(address_sanitizer) || defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER
#endif
#if __has_feature(thread_sanitizer) || defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER
#endif
#if defined(ADDRESS_SANITIZER) || defined(THREAD_SANITIZER) || __has_feature(memory_sanitizer)
#define SANITIZED
#endif

#endif
