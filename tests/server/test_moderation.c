/* test_moderation.c -- what moderation asks of the store, on a real file: records of operators'
 * acts; what is written comes back byte by byte, whatever it looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/compiler.h"
#include "scratch.h"
#include "store/store.h"

#define DEADLINE_STEPS 1000 /* of 10 ms */
#define NOW            1700000000123u

struct world {
    struct scratch scratch;
    struct event_base *base;
    struct store *store;
    enum store_status status;
    uint64_t id; /* the newest answer's */
    struct store_audit audits[8];
    size_t rows_n;
    int answers_n;
};

/* Texts that try to be something else. */
static const char *const HOSTILE[] = {
    "'; DROP TABLE audit; --",
    "\" OR 1=1 --",
    "$1",
    "?1",
    "%s%n",
    "\\'; --",
    "NULL",
    "x', 'y'); DELETE FROM players; --",
    "\xf0\x9f\x92\xa9 \xe2\x80\xae",
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct error error = {""};
    struct store_config config = {.queue_max = 64, .busy_ms = 400, .migrate = true};

    assert_non_null(world);
    scratch_make(&world->scratch);
    world->base = event_base_new();
    config.base = world->base;
    config.path = world->scratch.path;
    world->store = store_open(&config, &error);
    if (world->store == NULL)
        fail_msg("%s", error.text);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    store_close(world->store);
    event_base_free(world->base);
    scratch_remove(&world->scratch);
    free(world);
    return 0;
}

static void answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct world *world = context;

    world->status = answer->status;
    world->rows_n = answer->rows_n;
    if (tag == 1 && answer->rows_n > 0) {
        assert_true(answer->rows_n <= ARRAY_N(world->audits));
        memcpy(world->audits, answer->rows, answer->rows_n * sizeof(world->audits[0]));
    } else if (answer->status == STORE_OK) {
        world->id = answer->out.player_id;
    }
    world->answers_n++;
}

static enum store_status ask(struct world *world, struct store_question *question)
{
    int before = world->answers_n;
    struct timeval step = {0, 10000};

    question->answer = answered;
    question->context = world;
    assert_int_equal(store_ask(world->store, question), 0);
    for (unsigned i = 0; i < DEADLINE_STEPS && world->answers_n == before; i++) {
        event_base_loopexit(world->base, &step);
        event_base_dispatch(world->base);
    }
    assert_int_equal(world->answers_n, before + 1);
    return world->status;
}

static enum store_status audit(struct world *world, uint64_t at_ms, const char *target,
                               const char *text)
{
    struct store_question question = {.statement = STORE_AUDIT_ADD};

    question.in.audit = (struct store_audit){.at_ms = at_ms, .has_uid = true, .uid = 4000000000u};
    snprintf(question.in.audit.actor, sizeof(question.in.audit.actor), "%s", text);
    snprintf(question.in.audit.method, sizeof(question.in.audit.method), "%s", text);
    snprintf(question.in.audit.target, sizeof(question.in.audit.target), "%s", target);
    snprintf(question.in.audit.detail, sizeof(question.in.audit.detail), "%s", text);
    snprintf(question.in.audit.outcome, sizeof(question.in.audit.outcome), "%s", text);
    return ask(world, &question);
}

static enum store_status list(struct world *world, uint64_t before, const char *target,
                              uint32_t limit)
{
    struct store_question question = {.statement = target ? STORE_AUDIT_ABOUT : STORE_AUDIT_LIST,
                                      .tag = 1};

    question.in.page.from = before;
    question.in.page.limit = limit;
    if (target)
        snprintf(question.in.page.text, sizeof(question.in.page.text), "%s", target);
    return ask(world, &question);
}

static enum store_status prune(struct world *world, uint64_t before_ms, uint32_t limit)
{
    struct store_question question = {.statement = STORE_AUDIT_PRUNE};

    question.in.page.now_ms = before_ms;
    question.in.page.limit = limit;
    return ask(world, &question);
}

static void test_audit(void **state)
{
    struct world *world = *state;

    assert_int_equal(list(world, INT64_MAX, NULL, 8), STORE_OK);
    assert_int_equal(world->rows_n, 0);
    for (size_t i = 0; i < ARRAY_N(HOSTILE); i++) {
        assert_int_equal(audit(world, NOW + i, HOSTILE[i], HOSTILE[i]), STORE_OK);
        assert_int_equal(list(world, INT64_MAX, NULL, 1), STORE_OK);
        assert_int_equal(world->rows_n, 1);
        assert_int_equal(world->audits[0].at_ms, NOW + i);
        assert_true(world->audits[0].has_uid);
        assert_true(world->audits[0].uid == 4000000000u);
        assert_string_equal(world->audits[0].actor, HOSTILE[i]);
        assert_string_equal(world->audits[0].method, HOSTILE[i]);
        assert_string_equal(world->audits[0].target, HOSTILE[i]);
        assert_string_equal(world->audits[0].detail, HOSTILE[i]);
        assert_string_equal(world->audits[0].outcome, HOSTILE[i]);
        assert_int_equal(list(world, INT64_MAX, HOSTILE[i], 8), STORE_OK);
        assert_int_equal(world->rows_n, 1); /* only that one */
    }
    /* by page, newest first */
    assert_int_equal(list(world, INT64_MAX, NULL, 2), STORE_OK);
    assert_int_equal(world->rows_n, 2);
    assert_int_equal(world->audits[0].at_ms, NOW + ARRAY_N(HOSTILE) - 1);
    assert_int_equal(list(world, world->audits[1].id, NULL, 1), STORE_OK);
    assert_int_equal(world->audits[0].at_ms, NOW + ARRAY_N(HOSTILE) - 3);
    /* pruned in pieces: the oldest first, until none is older */
    assert_int_equal(prune(world, NOW + 4, 3), STORE_OK);
    assert_int_equal(prune(world, NOW + 4, 3), STORE_NONE);
    assert_int_equal(list(world, INT64_MAX, NULL, 8), STORE_OK);
    assert_int_equal(world->rows_n, ARRAY_N(HOSTILE) - 4);
    assert_int_equal(world->audits[world->rows_n - 1].at_ms, NOW + 4);
    assert_int_equal(prune(world, NOW + 4, 3), STORE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_audit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
