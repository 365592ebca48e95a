/* profile.c -- see profile.h. */
#include "profile.h"

#include <string.h>

#include "fields.h"
#include "model.h"

static void read_phase(struct model_phase *phase, const json_t *row)
{
    const json_t *value;
    size_t i;

    memset(phase, 0, sizeof(*phase));
    fields_text(phase->name, sizeof(phase->name), row, "name");
    phase->times = model_times_read(row);
    phase->permille =
        json_object_get(row, "permille") != NULL ? fields_integer(row, "permille") : -1;
    json_array_foreach(json_object_get(row, "buckets"), i, value)
    {
        if (i < MODEL_BUCKETS)
            phase->buckets[i] = json_integer_value(value);
    }
}

static void read_thread(struct model_thread *thread, const json_t *row)
{
    thread->sessions = fields_integer(row, "sessions");
    thread->busy_permille = fields_integer(row, "busy_permille");
    thread->floor = fields_integer(row, "floor");
    thread->stuck = fields_true(row, "stuck");
    read_phase(&thread->sweeps, json_object_get(row, "sweeps"));
}

static void read_lists(struct model_profile *profile, const json_t *data)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(data, "bounds_us"), i, row)
    {
        if (profile->bounds_n < MODEL_BUCKETS)
            profile->bounds_ms[profile->bounds_n++] = json_number_value(row) / 1000;
    }
    json_array_foreach(json_object_get(data, "times"), i, row)
    {
        if (profile->phases_n < MODEL_PHASES)
            read_phase(&profile->phases[profile->phases_n++], row);
    }
    json_array_foreach(json_object_get(data, "threads"), i, row)
    {
        if (profile->threads_n < MODEL_THREADS)
            read_thread(&profile->threads[profile->threads_n++], row);
    }
}

void model_profile_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_profile *profile = &model->profile;

    (void)params;
    memset(profile, 0, sizeof(*profile));
    profile->known = true;
    profile->ticks = fields_integer(data, "ticks");
    profile->missed = fields_integer(data, "missed");
    profile->over_budget = fields_integer(data, "over_budget");
    model_worst_read(&profile->worst, json_object_get(data, "worst"));
    read_lists(profile, data);
}

const struct model_phase *model_phase(const struct model_profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->phases_n; i++) {
        if (strcmp(profile->phases[i].name, name) == 0)
            return &profile->phases[i];
    }
    return NULL;
}
