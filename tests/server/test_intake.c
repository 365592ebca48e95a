/* test_intake.c -- the same commands for the same ticks give the same world, by the journal's
 * hashes, whether one, two or four io threads brought them, and in whatever order. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "intake.h"
#include "sim/journal.h"
#include "sim_world.h"

#define SESSIONS  120
#define WANDERERS 150
#define TICKS     300
#define QUEUE_MAX 1024
#define THREADS   4 /* at most */

/* One run: control's queue and one of each io thread, each filled by a thread of its own. */
struct run {
    struct heightfield *field;
    struct sim *sim;
    struct queue *queues[1 + THREADS];
    unsigned io_threads;
    uint32_t tick;
    bool backwards; /* each producer goes through its sessions from the other end */
};

struct producer {
    struct run *run;
    unsigned number; /* of its queue */
};

static uint32_t drawn(uint32_t session, uint32_t tick, uint32_t what)
{
    uint64_t seed = ((uint64_t)session << 32 | tick) * 31 + what;

    draw(&seed);
    return draw(&seed);
}

/* What control says of a session in a tick. */
static void push_control(struct run *run, uint32_t session)
{
    uint32_t what = drawn(session, run->tick, 1) % 100;
    struct batch one;

    one.n = 0;
    if (run->tick == 1 || what < 2)
        batch_join(&one, session, session, (int)(drawn(session, run->tick, 2) % 90) - 45,
                   (int)(drawn(session, run->tick, 3) % 90) - 45);
    else if (what < 3)
        batch_add(&one, session, COMMAND_LEAVE, 1);
    else if (what < 5)
        batch_teleport(&one, session, (int)(drawn(session, run->tick, 4) % 60), 0);
    else if (what < 6)
        batch_add(&one, session, COMMAND_LAYER, 3)->as.layer.layer = what % 2;
    for (size_t i = 0; i < one.n; i++) {
        one.commands[i].sequence += run->tick * 8;
        assert_int_equal(queue_push_reserved(run->queues[0], &one.commands[i]), 0);
    }
}

/* What its io thread says of it: two intents, sometimes a line. */
static void push_io(struct run *run, uint32_t session, struct queue *queue)
{
    struct batch one;

    one.n = 0;
    for (unsigned i = 0; i < 2; i++)
        batch_intent(&one, session, run->tick * 2 + i, (uint16_t)drawn(session, run->tick / 20, i),
                     (uint8_t)(1 + i));
    if (drawn(session, run->tick, 9) % 200 == 0)
        batch_chat(&one, session, "hello", run->tick * 2 + 3);
    for (size_t i = 0; i < one.n; i++) {
        one.commands[i].sequence = run->tick * 8 + (uint32_t)i;
        assert_int_equal(queue_push(queue, &one.commands[i]), 0);
    }
}

static void *produce(void *context)
{
    const struct producer *producer = context;
    struct run *run = producer->run;

    for (uint32_t i = 1; i <= SESSIONS; i++) {
        uint32_t session = run->backwards ? SESSIONS + 1 - i : i;

        if (producer->number == 0)
            push_control(run, session);
        else if (session % run->io_threads == producer->number - 1)
            push_io(run, session, run->queues[producer->number]);
    }
    return NULL;
}

static void all_produce(struct run *run)
{
    pthread_t threads[1 + THREADS];
    struct producer producers[1 + THREADS];

    for (unsigned i = 0; i <= run->io_threads; i++) {
        producers[i] = (struct producer){run, i};
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (unsigned i = 0; i <= run->io_threads; i++)
        pthread_join(threads[i], NULL);
}

static void run_ticks(struct run *run, struct intake *intake, struct journal *journal)
{
    struct sim_event *events = calloc(2 * intake_room(intake), sizeof(*events));
    struct sim_step_counts counts = {0};

    for (run->tick = 1; run->tick <= TICKS; run->tick++) {
        struct command *commands;
        size_t n;

        all_produce(run);
        commands = intake_take(intake, run->tick, run->tick % 90 == 0 ? 9 : 0, &n);
        for (size_t i = 1; i < n; i++)
            assert_true(command_compare(&commands[i - 1], &commands[i]) < 0);
        assert_true(run->tick % 90 != 0 || commands[0].kind == COMMAND_CREDIT);
        journal_tick(journal, run->tick, commands, n);
        sim_step(run->sim, commands, n, events, &counts);
        journal_hash(journal, run->sim);
    }
    assert_true(counts.entities > WANDERERS + SESSIONS / 2);
    assert_false(journal_stopped(journal));
    free(events);
}

static void run_whole(unsigned io_threads, bool backwards, const char *path)
{
    struct script script = {.figures_n = WANDERERS, .radius_m = 30, .seed = 3, .first_tick = 2};
    struct run run = {.io_threads = io_threads, .backwards = backwards};
    struct sim_config config = {.entities_max = 400, .divide_above = 24};
    struct journal *journal;
    struct intake *intake;
    struct error error;

    run.field = heightfield_new(WORLD_SEED, WORLD_SIZE_M);
    config.field = run.field;
    run.sim = sim_new(&config, &error);
    for (unsigned i = 0; i <= io_threads; i++)
        run.queues[i] = queue_new(sizeof(struct command), QUEUE_MAX, QUEUE_MAX / 2);
    intake = intake_new(run.queues, io_threads + 1, &script);
    journal = journal_open(path, run.sim, run.field, &error);
    assert_non_null(journal);
    run_ticks(&run, intake, journal);
    journal_close(journal);
    /* What nobody took is given up whole (the sanitizer sees it). */
    run.tick = 1;
    all_produce(&run);
    intake_free(intake);
    for (unsigned i = 0; i <= io_threads; i++)
        queue_free(run.queues[i]);
    sim_free(run.sim);
    heightfield_free(run.field);
}

static size_t read_file(const char *path, uint8_t **bytes)
{
    struct stat status;
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    *bytes = malloc((size_t)status.st_size);
    assert_int_equal(fread(*bytes, 1, (size_t)status.st_size, file), status.st_size);
    fclose(file);
    return (size_t)status.st_size;
}

static void test_threads(void **state)
{
    static const struct {
        unsigned io_threads;
        bool backwards;
    } runs[] = {{1, false}, {2, false}, {4, false}, {4, true}};
    uint8_t *first = NULL;
    size_t first_n = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        char path[64];
        uint8_t *bytes;
        size_t n;

        snprintf(path, sizeof(path), "test_intake.%d.%u.journal", (int)getpid(), i);
        run_whole(runs[i].io_threads, runs[i].backwards, path);
        n = read_file(path, &bytes);
        unlink(path);
        if (i == 0) {
            first = bytes;
            first_n = n;
            assert_true(n > TICKS * 100);
            continue;
        }
        assert_int_equal(n, first_n);
        assert_memory_equal(bytes, first, n);
        free(bytes);
    }
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
