/* dossier.c -- see dossier.h. */
#include "dossier.h"

#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "fields.h"
#include "model.h"

void model_dossier_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_dossier *dossier = &model->dossier;

    (void)params;
    model_player_read(&dossier->player, data);
    dossier->muted = fields_true(data, "muted");
    dossier->muted_until_ms = fields_integer(data, "muted_until_ms");
    dossier->opened_ms = fields_integer(data, "opened_ms");
    dossier->thread = fields_integer(data, "thread");
}

static void read_ban(struct model_event *event, const json_t *row)
{
    int64_t lifted_ms = fields_integer(row, "lifted_ms");

    event->at_ms = fields_integer(row, "created_ms");
    event->end_ms = lifted_ms != 0 ? lifted_ms : fields_integer(row, "expires_ms");
    fields_text(event->by, sizeof(event->by), row, "by");
    fields_text(event->lifted_by, sizeof(event->lifted_by), row, "lifted_by");
    fields_text(event->text, sizeof(event->text), row, "reason");
    event->holds = lifted_ms == 0;
}

static void read_stay(struct model_event *event, const json_t *row)
{
    event->at_ms = fields_integer(row, "connected_ms");
    event->end_ms = fields_integer(row, "disconnected_ms");
    event->holds = event->end_ms == 0;
}

static void read_line(struct model_event *event, const json_t *row)
{
    event->at_ms = fields_integer(row, "at_ms");
    fields_text(event->text, sizeof(event->text), row, "text");
}

/* clang-format off */
static const struct {
    const char *part;
    int what;
    void (*read)(struct model_event *event, const json_t *row);
} PARTS[] = {
    {"bans",     MODEL_EVENT_BAN,  read_ban},
    {"mutes",    MODEL_EVENT_MUTE, read_ban},
    {"sessions", MODEL_EVENT_STAY, read_stay},
    {"chat",     MODEL_EVENT_CHAT, read_line},
};
/* clang-format on */

static int newest_first(const void *a, const void *b)
{
    int64_t left = ((const struct model_event *)a)->at_ms;
    int64_t right = ((const struct model_event *)b)->at_ms;

    return (left < right) - (left > right);
}

void model_dossier_history(struct model *model, const json_t *params, const json_t *data)
{
    struct model_dossier *dossier = &model->dossier;

    (void)params;
    fields_text(dossier->account, sizeof(dossier->account), data, "id");
    dossier->created_ms = fields_integer(data, "created_ms");
    dossier->n = 0;
    for (size_t part = 0; part < ARRAY_N(PARTS); part++) {
        const json_t *row;
        size_t i;

        json_array_foreach(json_object_get(data, PARTS[part].part), i, row)
        {
            struct model_event *event = &dossier->events[dossier->n];

            if (dossier->n == MODEL_EVENTS)
                break;
            memset(event, 0, sizeof(*event));
            event->what = PARTS[part].what;
            PARTS[part].read(event, row);
            dossier->n++;
        }
    }
    qsort(dossier->events, dossier->n, sizeof(dossier->events[0]), newest_first);
}
