/* mime.h -- a file's Content-Type by its name's ending. Constant. */
#ifndef OPENMMO_HTTP_MIME_H
#define OPENMMO_HTTP_MIME_H

/* "application/octet-stream" where the ending says nothing to us. */
const char *mime_of(const char *name);

#endif
