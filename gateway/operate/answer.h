/* Answers of /muster/v1: JSON, not to be kept by anybody on the way. */
#ifndef GATEWAY_OPERATE_ANSWER_H
#define GATEWAY_OPERATE_ANSWER_H

#include "gateway/http/http.h"

/* No answer is larger, but streams. */
enum { operate_body_max = 200000 };

/* Takes body. Instead of one that is larger than operate_body_max: 500. */
void operate_answer(struct request *request, int status, struct buf *body);
void operate_answer_page(struct request *request, const char *content_type, struct buf *body);

/* {"status":404,"error":text}; a parameter's name where one is at fault. near: names of what exists
 * like it, an array's inside as JSON; both may be empty. */
void operate_refuse(struct request *request, int status, struct str text, struct str parameter,
                    struct str near);
/* 405, and which methods are right. */
void operate_refuse_method(struct request *request, const char *allow);
/* 503 with Retry-After. */
void operate_refuse_busy(struct request *request, struct str text);

#endif
