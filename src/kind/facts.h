/* SPDX-License-Identifier: MIT */
/*
 * Facts are emitted once: a kind pushes typed name/value pairs into a sink,
 * and table cell, detail pane, JSON, filter and manifest are sinks. Names are
 * those of fdinfo, the man page or sock_diag, in lower case with underscores.
 */
#ifndef KIND_FACTS_H
#define KIND_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/alloc.h"
#include "src/base/buf.h"
#include "src/base/json.h"
#include "src/base/text.h"

enum fact_type {
	FACT_U64,
	FACT_I64,
	FACT_SIZE,  /* bytes: people see 4.1M, JSON sees the number */
	FACT_HEX,   /* people see 0x..., JSON sees the number */
	FACT_OCTAL, /* people see 0644, JSON sees the number */
	FACT_NS,    /* a duration in nanoseconds */
	FACT_TIME,  /* nanoseconds since the epoch */
	FACT_BOOL,
	FACT_TEXT,  /* words of ours or of the kernel: plain ASCII */
	FACT_BYTES, /* hostile bytes */
	FACT_FAIL,  /* this fact could not be read: call and errno */
	FACT_NULL,  /* does not apply: null in JSON, nothing for people */
};

struct fact {
	const char *name; /* NULL inside lists; lives as long as the program */
	enum fact_type type;
	union {
		uint64_t u64;
		int64_t i64;
		bool yes;
		int err;
	};
	const char *text; /* FACT_TEXT, FACT_BYTES; FACT_FAIL: the call; valid during the call */
	size_t len;
};

struct facts;

struct facts_ops {
	/* May be NULL: all is wanted. Asked before what costs system calls. */
	bool (*wants)(const struct facts *sink, const char *name);
	void (*value)(struct facts *sink, const struct fact *fact);
	/* A list or an object named `name` (NULL inside a list) begins; ends. */
	void (*open)(struct facts *sink, const char *name, bool list);
	void (*close)(struct facts *sink, bool list);
};

/* A sink embeds this as its first member. */
struct facts {
	const struct facts_ops *ops;
};

bool facts_wants(const struct facts *sink, const char *name);
void fact_u64(struct facts *sink, const char *name, uint64_t v);
void fact_i64(struct facts *sink, const char *name, int64_t v);
void fact_size(struct facts *sink, const char *name, uint64_t bytes);
void fact_hex(struct facts *sink, const char *name, uint64_t v);
void fact_octal(struct facts *sink, const char *name, uint64_t v);
void fact_ns(struct facts *sink, const char *name, uint64_t ns);
void fact_time(struct facts *sink, const char *name, int64_t ns_since_epoch);
void fact_bool(struct facts *sink, const char *name, bool v);
void fact_text(struct facts *sink, const char *name, const char *text);
void fact_bytes(struct facts *sink, const char *name, const char *bytes, size_t len);
void fact_fail(struct facts *sink, const char *name, const char *call, int err);
void fact_null(struct facts *sink, const char *name);
void fact_list(struct facts *sink, const char *name);
void fact_end_list(struct facts *sink);
void fact_object(struct facts *sink, const char *name);
void fact_end_object(struct facts *sink);

/* A person's view of one value, sanitised. Appends. */
void fact_display(struct buf *out, const struct fact *fact, enum text_mode mode);

/*
 * Sink: members of the JSON object that is open. Hostile text that is no
 * UTF-8 gets NAME_b64 beside it; a failed fact is null with NAME_error.
 */
struct facts_json {
	struct facts sink;
	struct json *json; /* borrowed */
};
void facts_json_init(struct facts_json *s, struct json *json);

/*
 * Sink: a flat list in order, "watches.0.tfd" for nested ones, kept in an
 * arena of its own. For the detail pane, for filters and for brief().
 */
struct facts_flat {
	struct facts sink;
	struct arena arena;
	struct fact *at; /* name and text are copies in the arena */
	size_t n, cap;
	const char *only; /* if set, only this name (and below it) is wanted */
	char path[128];
	unsigned index[16]; /* next element at each level */
	unsigned depth;
};
void facts_flat_init(struct facts_flat *s, const char *only);
void facts_flat_reset(struct facts_flat *s); /* empty it, keep its memory */
void facts_flat_release(struct facts_flat *s);
const struct fact *facts_flat_find(const struct facts_flat *s, const char *name);

/*
 * One line made of facts by a template.
 *
 * {name}      the value
 * {name!}     the value; 0 counts as said, see below
 * {name?}     prints nothing, only tests
 * {name~}     the same the other way round: it is not there, or says nothing
 * {name#}     how many elements the list has
 * {a.*.b}     that of each element, "6, 7, 11 .. 29" when there are many
 * {name-CUT}  without that prefix and in lower case: {type-SOCK_} is "stream"
 *
 * A part in [brackets] appears only if every fact in it is there and says
 * something: is neither false, 0, nor empty.
 */
void facts_brief(struct buf *out, const char *tmpl, const struct facts_flat *facts,
		 enum text_mode mode);

#endif
