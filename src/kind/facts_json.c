/* SPDX-License-Identifier: MIT */
/* Sink: members of a JSON object. */
#include "src/kind/facts.h"

#include <stdio.h>

#include "src/base/fail.h"

static void json_fail(struct json *j, const struct fact *fact)
{
	char key[80];

	json_null(j, fact->name);
	if (!fact->name)
		return;
	snprintf(key, sizeof(key), "%s_error", fact->name);
	json_object(j, key);
	json_str(j, "call", fact->text);
	json_str(j, "errno", fail_errno_name(fact->err));
	json_end_object(j);
}

static void json_value(struct facts *sink, const struct fact *fact)
{
	struct json *j = ((struct facts_json *)sink)->json;

	switch (fact->type) {
	case FACT_I64:
	case FACT_TIME:
		json_i64(j, fact->name, fact->i64);
		break;
	case FACT_BOOL:
		json_bool(j, fact->name, fact->yes);
		break;
	case FACT_TEXT:
	case FACT_BYTES:
		if (fact->name)
			json_bytes(j, fact->name, fact->text, fact->len);
		else
			json_text(j, NULL, fact->text, fact->len);
		break;
	case FACT_FAIL:
		json_fail(j, fact);
		break;
	case FACT_NULL:
		json_null(j, fact->name);
		break;
	default:
		json_u64(j, fact->name, fact->u64);
		break;
	}
}

static void json_open(struct facts *sink, const char *name, bool list)
{
	struct json *j = ((struct facts_json *)sink)->json;

	if (list)
		json_array(j, name);
	else
		json_object(j, name);
}

static void json_close(struct facts *sink, bool list)
{
	struct json *j = ((struct facts_json *)sink)->json;

	if (list)
		json_end_array(j);
	else
		json_end_object(j);
}

void facts_json_init(struct facts_json *s, struct json *json)
{
	static const struct facts_ops ops = {
		.value = json_value,
		.open = json_open,
		.close = json_close,
	};

	*s = (struct facts_json){ .sink = { &ops }, .json = json };
}
