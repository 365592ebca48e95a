/* chat.c -- see chat.h. */
#include "chat.h"

#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "model.h"

static const char *const CHANNELS[MODEL_CHAT_CHANNELS] = {"nearby", "global", "server"};

int model_chat_init(struct model_chat *chat)
{
    chat->lines = calloc(MODEL_CHAT_LINES, sizeof(chat->lines[0]));
    return chat->lines != NULL ? 0 : -1;
}

void model_chat_fini(struct model_chat *chat)
{
    free(chat->lines);
}

const char *model_channel_name(int channel)
{
    return CHANNELS[channel];
}

int model_channel_of(const char *word)
{
    for (int i = 0; word != NULL && i < MODEL_CHAT_CHANNELS; i++) {
        if (strcmp(CHANNELS[i], word) == 0)
            return i;
    }
    return 1;
}

static uint64_t sequence_of(const json_t *row)
{
    char digits[24];

    fields_text(digits, sizeof(digits), row, "sequence");
    return strtoull(digits, NULL, 10);
}

static void read_line(struct model_chat_line *line, const json_t *row)
{
    const char *role = json_string_value(json_object_get(row, "role"));

    memset(line, 0, sizeof(*line));
    line->sequence = sequence_of(row);
    line->at_ms = fields_integer(row, "at_ms");
    line->channel = model_channel_of(json_string_value(json_object_get(row, "channel")));
    line->staff = role != NULL && strcmp(role, "player") != 0;
    line->placed = json_is_number(json_object_get(row, "x"));
    line->x = fields_number(row, "x");
    line->z = fields_number(row, "z");
    line->layer = fields_integer(row, "layer");
    fields_text(line->name, sizeof(line->name), row, "name");
    fields_text(line->session, sizeof(line->session), row, "session");
    fields_text(line->account, sizeof(line->account), row, "player");
    if (line->account[0] == '\0')
        memcpy(line->account, "0", 2);
    fields_text(line->text, sizeof(line->text), row, "text");
}

static const struct model_chat_line *newest(const struct model_chat *chat)
{
    return chat->taken > 0 ? &chat->lines[(chat->taken - 1) % MODEL_CHAT_LINES] : NULL;
}

/* What was asked for and the first notification may overlap. */
static void take_lines(struct model_chat *chat, const json_t *lines)
{
    const json_t *row;
    size_t i;

    json_array_foreach((json_t *)lines, i, row)
    {
        if (newest(chat) == NULL || sequence_of(row) > newest(chat)->sequence)
            read_line(&chat->lines[chat->taken++ % MODEL_CHAT_LINES], row);
    }
}

/* At each connection. Of another world, lines may be older than ours: it begins anew. */
void model_chat_recent(struct model *model, const json_t *params, const json_t *data)
{
    struct model_chat *chat = &model->chat;
    const json_t *lines = json_object_get(data, "lines");
    const json_t *last = json_array_get(lines, json_array_size(lines) - 1);

    (void)params;
    if (newest(chat) != NULL && last != NULL && sequence_of(last) < newest(chat)->sequence)
        chat->taken = 0;
    take_lines(chat, lines);
}

void model_chat_take(struct model *model, const json_t *params, const json_t *data)
{
    model->chat.lost += (uint64_t)fields_integer(params, "lost");
    take_lines(&model->chat, json_object_get(data, "lines"));
}

size_t model_chat_n(const struct model *model)
{
    const struct model_chat *chat = &model->chat;

    return chat->taken < MODEL_CHAT_LINES ? (size_t)chat->taken : MODEL_CHAT_LINES;
}

const struct model_chat_line *model_chat_line(const struct model *model, size_t i)
{
    return &model->chat.lines[(model->chat.taken - model_chat_n(model) + i) % MODEL_CHAT_LINES];
}
