/* tmux.h -- a real terminal for tests: tmux with a server of its own, a shell in it, the console in
 * that. Waits are polls with a deadline; failures end the test through cmocka. One thread. */
#ifndef OPENMMO_TESTS_TMUX_H
#define OPENMMO_TESTS_TMUX_H

#include <stdint.h>

/* The caller's directory, where tmux's socket lies too; set before anything else is called. */
extern char tmux_directory[64];
/* The console's program, absolute; after tmux_shell. */
extern char tmux_console_path[512];

/* The beginning of a tmux command for tmux_run, which takes tmux_directory for its %s. */
#define TMUX "tmux -f /dev/null -S %s/tmux "

/* Why there can be no terminal here; NULL: there can. */
const char *tmux_missing(void);
/* Skip a test where its state is such a reason. */
void tmux_need(void **state);
/* A shell in a terminal of 80x24, with OPENMMO_ADMIN_SOCKET set. */
void tmux_shell(const char *socket_path);

/* Run a command; what it printed, until the next. */
const char *tmux_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Keys as tmux names them. */
void tmux_type(const char *keys);
/* What is on the screen; flags for capture-pane. Until the next tmux_run. */
const char *tmux_screen(const char *flags);
/* Wait until a text is, or is no longer, on the screen. */
void tmux_see(const char *text);
void tmux_see_no_more(const char *text);
/* Start the console from the shell, wait until it is connected. */
void tmux_console(const char *flags);
/* The same without waiting. */
void tmux_begin(const char *flags);
/* The shell said `left`, the first screen is back and the line discipline is as it was. */
void tmux_is_sane(const char *left);

/* End the terminal, and remove the caller's directory. */
void tmux_end(void);

uint64_t tmux_now_ms(void);
void tmux_rest(void); /* a moment between two polls */

#endif
