/* replay_tool.c -- record a lively world, or replay a journal: built by test_replay_builds.sh with
 * several compilers. replay_tool record FILE TICKS replay_tool replay FILE */
#include "common/log.h"
#include "sim/journal.h"
#include "sim_world.h"

/* The journal's one line, without the rest of the house. */
void log_write(enum log_level level, const char *event, const char *message,
               const struct log_field *fields, size_t fields_n)
{
    (void)level;
    (void)fields;
    (void)fields_n;
    fprintf(stderr, "%s: %s\n", event, message);
}

static void stir(struct batch *batch, uint64_t *seed, uint32_t tick)
{
    for (uint64_t i = 1; i <= 40; i++) {
        uint32_t what = draw(seed) % 200;

        if (what < 3 || tick == 1) {
            batch_join(batch, i + 100 * (tick % 2), i, 0, 0)->as.join.spawn = what % 2;
        } else if (what < 5) {
            batch_add(batch, i + 100, COMMAND_LEAVE, 2);
        } else if (what < 6) {
            int32_t x_m = (int32_t)(draw(seed) % 100) - 50;
            int32_t z_m = (int32_t)(draw(seed) % 100) - 50;

            batch_teleport(batch, i + 100, x_m, z_m);
        } else if (what < 7) {
            batch_add(batch, i + 100, COMMAND_LAYER, 4)->as.layer.layer = (uint8_t)(draw(seed) % 2);
        } else if (what < 180) {
            batch_intent(batch, i + 100 * (tick / 50 % 2), tick, (uint16_t)draw(seed), 3)
                ->as.intent.intent.flags = draw(seed) % 8;
        } else if (what < 181) {
            batch_chat(batch, i + 100, "a line", tick);
        } else if (what < 182) {
            batch_add(batch, i + 100, COMMAND_RENAME, tick)->as.rename.name =
                blob_new(tick % 2 ? "odd" : "even", 3);
        } else if (what < 195) {
            struct command *wish = batch_add(batch, i + 100, COMMAND_WISH, tick);

            wish->as.wish.x = (int32_t)(draw(seed) % (1 << 20)) - (1 << 19);
            wish->as.wish.z = (int32_t)(draw(seed) % (1 << 20)) - (1 << 19);
        }
    }
}

static int record(const char *path, uint32_t ticks)
{
    struct heightfield *field = heightfield_new(4711, 2048);
    struct sim_config config = {.field = field, .entities_max = 100, .divide_above = 4};
    struct batch *batch = calloc(1, sizeof(*batch));
    struct error error;
    struct sim *sim = sim_new(&config, &error);
    struct journal *journal = journal_open(path, sim, field, &error);
    uint64_t seed = 1;

    if (journal == NULL) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    for (uint32_t tick = 1; tick <= ticks; tick++) {
        stir(batch, &seed, tick);
        qsort(batch->commands, batch->n, sizeof(struct command), command_compare);
        journal_tick(journal, tick, batch->commands, batch->n);
        batch_step(batch, sim);
        journal_hash(journal, sim);
    }
    journal_close(journal);
    sim_free(sim);
    heightfield_free(field);
    free(batch);
    return 0;
}

int main(int argc, char **argv)
{
    struct error error;

    if (argc == 4 && strcmp(argv[1], "record") == 0)
        return record(argv[2], (uint32_t)atoi(argv[3]));
    if (argc != 3 || strcmp(argv[1], "replay") != 0)
        return 2;
    if (journal_replay(argv[2], stdout, true, &error) == 0)
        return 0;
    fprintf(stderr, "%s\n", error.text);
    return 1;
}
