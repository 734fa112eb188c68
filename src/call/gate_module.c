/* The card of the gate: its endpoints and its tables. */
#include "call/call_int.h"

static const Param sign_in_params[] = {
	{"login", PARAM_TEXT, PARAM_IN_BODY, .required = true, .max = 60, .help = "Login name"},
	{"password", PARAM_TEXT, PARAM_IN_BODY, .required = true, .max = 200, .secret = true, .help = "Password"},
	{.type = PARAM_END},
};

static const Param password_params[] = {
	{"old", PARAM_TEXT, PARAM_IN_BODY, .required = true, .max = 200, .secret = true, .help = "Present password"},
	{"new", PARAM_TEXT, PARAM_IN_BODY, .required = true, .min = 8, .max = 200, .secret = true,
		.help = "New password, at least 8 characters"},
	{.type = PARAM_END},
};

static const Param key_params[] = {
	{"name", PARAM_TEXT, PARAM_IN_BODY, .required = true, .min = 1, .max = 100, .help = "What the key is for"},
	{"scopes", PARAM_TEXT, PARAM_IN_BODY, .max = 500, .help = "Rights, separated by spaces; absent: all of the role"},
	{.type = PARAM_END},
};

static const Param id_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, .required = true, .help = "Id"},
	{.type = PARAM_END},
};

static const Endpoint endpoints[] = {
	{"POST", "/sessions", "public", CALL_WORKER, sign_in_params, gate_sign_in, "Sign in"},
	{"GET", "/sessions", "signed_in", CALL_READ, NULL, gate_session_list, "List my sessions"},
	{"DELETE", "/sessions/current", "signed_in", CALL_WRITE, NULL, gate_sign_out, "Sign out"},
	{"DELETE", "/sessions/:id", "signed_in", CALL_WRITE, id_params, gate_session_delete, "End one of my sessions"},
	{"GET", "/me", "signed_in", CALL_READ, NULL, gate_me, "Who I am and what I may do"},
	{"POST", "/me/password", "signed_in", CALL_WORKER, password_params, gate_password_change, "Change my password"},
	{"GET", "/api-keys", "signed_in", CALL_READ, NULL, gate_key_list, "List my API keys"},
	{"POST", "/api-keys", "signed_in", CALL_WRITE, key_params, gate_key_create, "Make an API key; it is shown once"},
	{"DELETE", "/api-keys/:id", "signed_in", CALL_WRITE, id_params, gate_key_delete, "Remove an API key"},
	{0},
};

const Module gate_module = {
	.name = "gate",
	.endpoints = endpoints,
	.migrations = gate_migrations,
};
