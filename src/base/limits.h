/* Every limit of the house has its name here. Sizes in bytes, times in milliseconds, unless the name says otherwise. */
#pragma once

#define LIMIT_JSON_DEPTH 64
#define LIMIT_HTTP_LINE (8 * 1024)             /* request line */
#define LIMIT_HTTP_HEADERS (32 * 1024)         /* all header fields together */
#define LIMIT_HTTP_HEADER_COUNT 100
#define LIMIT_HTTP_BODY (10 * 1024 * 1024)
#define LIMIT_HTTP_REQUEST_MS 10000            /* from the first byte of a request to its last */
#define LIMIT_HTTP_PIECE (64 * 1024)           /* so much more of a body gives it LIMIT_HTTP_REQUEST_MS again */
#define LIMIT_HTTP_IDLE_MS 75000               /* keep-alive without a request */
#define LIMIT_HTTP_WRITE_MS 30000              /* an answer of which nothing goes out any more */
#define LIMIT_HTTP_LINGER_MS 5000              /* after the last answer: what still comes in is thrown away */
#define LIMIT_HTTP_LINGER_BYTES (64 * 1024 * 1024)
#define LIMIT_HTTP_PENDING (64 * 1024)         /* bytes of further requests while one is being answered */
#define LIMIT_HTTP_CONNECTIONS 20000
#define LIMIT_CAPTURE_BODY (256 * 1024)        /* without files */
#define LIMIT_FILE LIMIT_HTTP_BODY             /* one file */
#define LIMIT_FILE_NAME 120                    /* characters */
#define LIMIT_FILES_RECORD 200                 /* files of one record */
#define LIMIT_FILES_DELIVERY 10                /* files of one form */
#define LIMIT_FILE_UNDO_DAYS 30                /* how long a deleted file can come back */
#define LIMIT_FILES_WAITING (96 * 1024 * 1024) /* bytes of forms with files that wait for the disk; beyond it 503 */
#define LIMIT_MULTIPART_PARTS 210
#define LIMIT_MULTIPART_HEAD 4096              /* header fields of one part */
#define LIMIT_RESPONSE_BODY (64 * 1024 * 1024)
#define LIMIT_TEXT_FIELD 4000                  /* characters in a text field unless the field says less */
#define LIMIT_PAGE 200                         /* rows of a list page */
#define LIMIT_PAGE_DEFAULT 50
#define LIMIT_BATCH 1000                       /* records of one bulk call */
#define LIMIT_EXPR_DEPTH 64
#define LIMIT_EXPR_TEXT 8192
#define LIMIT_EXPR_NODES 1000
#define LIMIT_QUEUE_WRITES 10000               /* writing calls waiting; beyond it 503 */
#define LIMIT_QUEUE_RECEIPTS 20000
#define LIMIT_LIVE_CONNECTIONS 12000
#define LIMIT_LIVE_BACKLOG (256 * 1024)        /* unsent bytes of one live stream before it is cut (it resumes) */
