/*
 * Asking the generator takes a microsecond whether it is for 12 bytes or for 500, and every event
 * and every seal needs a few. So each thread asks for a block and hands it out piece by piece. A
 * piece is wiped from the block as it is handed out: no byte can be given twice, and what was given
 * is in the hands of whoever asked alone. A forked child drops what its parent had drawn.
 */
#include "crypto/random.h"

#include "base/bytes.h"
#include "base/secret.h"

#include <pthread.h>

enum { BLOCK_BYTES = 512 };

static _Thread_local struct {
    size_t left; /* of the block, at its beginning */
    uint8_t bytes[BLOCK_BYTES];
} block;

static void drop(void)
{
    wipe(&block, sizeof block);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, drop);
}

static enum err draw(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, watch_forks);
    drop();
    TRY(random_bytes(block.bytes, sizeof block.bytes));
    block.left = sizeof block.bytes;
    return ERR_OK;
}

enum err random_ahead(uint8_t *ret_out, size_t n)
{
    if (n > sizeof block.bytes)
        return random_bytes(ret_out, n);
    if (n > block.left)
        TRY(draw());
    block.left -= n;
    memcpy(ret_out, block.bytes + block.left, n);
    wipe(block.bytes + block.left, n);
    return ERR_OK;
}

enum err random_uuid7(int64_t unix_ms, uint8_t ret_id[static UUID_BYTES])
{
    TRY(random_ahead(ret_id, UUID_BYTES));
    for (unsigned i = 0; i < 6; i++)
        ret_id[i] = (uint8_t)((uint64_t)unix_ms >> (40 - 8 * i));
    ret_id[6] = (uint8_t)(0x70 | (ret_id[6] & 0x0f));
    ret_id[8] = (uint8_t)(0x80 | (ret_id[8] & 0x3f));
    return ERR_OK;
}

void uuid_text(const uint8_t id[static UUID_BYTES], char ret_text[static UUID_TEXT_BYTES])
{
    static const struct {
        unsigned at, n;
    } groups[] = {{0, 4}, {4, 2}, {6, 2}, {8, 2}, {10, 6}};
    char *out = ret_text;

    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        hex_encode(id + groups[i].at, groups[i].n, out);
        out += 2 * groups[i].n;
        *out++ = '-';
    }
    out[-1] = '\0';
}
