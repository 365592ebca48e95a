/* command.c -- order and end of commands. */
#include "sim/command.h"

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

int command_compare(const void *a, const void *b)
{
    const struct command *left = a;
    const struct command *right = b;
    int order = compare_u64(left->session, right->session);

    if (order == 0)
        order = compare_u64(left->producer, right->producer);
    if (order == 0)
        order = compare_u64(left->sequence, right->sequence);
    /* No producer counts twice the same; kinds only make the order total. */
    return order != 0 ? order : compare_u64(left->kind, right->kind);
}

void command_drop(struct command *command)
{
    if (command->kind == COMMAND_JOIN) {
        blob_unref(command->as.join.name);
        command->as.join.name = NULL;
    } else if (command->kind == COMMAND_CHAT) {
        blob_unref(command->as.chat.text);
        command->as.chat.text = NULL;
    } else if (command->kind == COMMAND_RENAME) {
        blob_unref(command->as.rename.name);
        command->as.rename.name = NULL;
    }
}
