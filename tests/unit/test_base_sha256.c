/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 against the examples of FIPS 180-4, in one piece and in many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sha256.h"

static void expect(const char *text, size_t len, size_t piece, const char *digits)
{
    char out[WN_SHA256_TEXT];
    wn_sha256 hash;
    wn_sha256_init(&hash);
    for (size_t at = 0; at < len; at += piece) wn_sha256_add(&hash, text + at, len - at < piece ? len - at : piece);
    wn_sha256_text(&hash, out);
    assert_string_equal(out, digits);
}

static void test_examples_of_the_standard(void **state)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static char many[1000000];
    (void)state;
    memset(many, 'a', sizeof many);
    expect("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (size_t piece = 1; piece <= 56; piece++)
        expect(two_blocks, 56, piece, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    for (size_t piece = 60; piece <= 200; piece += 17)
        expect(many, sizeof many, piece, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_more_may_follow_the_text(void **state)
{
    char out[WN_SHA256_TEXT];
    wn_sha256 hash;
    (void)state;
    wn_sha256_init(&hash);
    wn_sha256_add(&hash, "a", 1);
    wn_sha256_text(&hash, out);
    wn_sha256_add(&hash, "bc", 2);
    wn_sha256_text(&hash, out);
    assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_standard),
        cmocka_unit_test(test_more_may_follow_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
