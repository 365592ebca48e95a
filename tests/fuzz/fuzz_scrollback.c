/* fuzz_scrollback.c -- the chat lines of an earlier run: taken whole or not at all, and what is
 * taken is in order, and text. */
#include <string.h>

#include "common/text.h"
#include "fuzz.h"
#include "play/scrollback.h"

#define LINES_MAX (PROTOCOL_CHANNELS_N * SNAPSHOT_CHAT_LINES)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static const struct snapshot_chat_line *lines[LINES_MAX];
    static struct heightfield *field;
    struct sim_config config = {.entities_max = 1, .readers = 1};
    struct error error;
    struct sim *sim;
    struct snapshot *snapshot;
    int taken;
    size_t n;

    if (!field)
        field = heightfield_new(1, 128);
    config.field = field;
    sim = sim_new(&config, &error);
    MUST(field && sim);
    taken = scrollback_parse(bytes, len_bytes, sim, 1);
    snapshot = sim_snapshot(sim);
    MUST(snapshot);
    n = snapshot_chat(snapshot, 0, lines, LINES_MAX);
    MUST(taken < 0 ? n == 0 : n <= (size_t)taken);
    for (size_t i = 0; i < n; i++) {
        MUST(i == 0 || lines[i]->sequence > lines[i - 1]->sequence);
        MUST(lines[i]->channel < PROTOCOL_CHANNELS_N && lines[i]->said_ms > 0);
        MUST(text_utf8_valid(lines[i]->text->bytes, lines[i]->text->len_bytes));
    }
    snapshot_unref(snapshot);
    sim_free(sim);
    return 0;
}
