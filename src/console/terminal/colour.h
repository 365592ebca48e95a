/* colour.h -- the nearest colour that a terminal has. Pure reckoning; knows no curses. */
#ifndef OPENMMO_CONSOLE_COLOUR_H
#define OPENMMO_CONSOLE_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

/* What a terminal with so many colours calls the nearest to rgb (0xrrggbb; higher bits are
 * ignored): itself where colours are numbered by their value (over 256), else one of xterm's cube
 * and greys, of the 16, or of the 8. */
int colour_nearest(uint32_t rgb, int colours);

/* The terminfo entry that speaks of a terminal's colours by value, where it is known by another
 * name: "xterm-direct" of "xterm-256color", "foot-direct" of "foot". Only with COLORTERM saying
 * truecolor or 24bit. False: the terminal says no such thing. */
bool colour_direct_name(const char *term, const char *colorterm, char *out, unsigned room_bytes);

#endif
