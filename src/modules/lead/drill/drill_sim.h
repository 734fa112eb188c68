/* The simulator of the drill: leads in, what became of them out. Pure; simulated time, thousands of times faster than
 * real. */
#pragma once

#include "modules/lead/assign.h"

#define SIM_HOLDERS_MAX 24
#define SIM_NEVER INT64_MAX

/* A copy of a lead: what is known of it and what really happened to it. */
typedef struct {
	AssignQuery query;       /* now_ms: when it came */
	const char *name;
	int source;              /* of the roster, -1: unknown */
	int known;               /* owner of the customer it belongs to, -1: none */
	int toucher;             /* who really touched it first, -1: nobody */
	int64_t touched_ms;      /* when */
	const Id *passed;        /* who really held it and did not touch it */
	int n_passed;
} SimLead;

typedef struct {
	const Roster *roster;
	const Policy *policy;
	const SimLead *leads;    /* by arrival */
	int n;
	const int64_t *reaction_ms; /* working time a person takes to touch a lead */
	const bool *offline;     /* people who are away all the time */
	int64_t horizon_ms;      /* how long after the last arrival it goes on */
} SimInput;

typedef enum { SIM_WAITING, SIM_RUNNING, SIM_ESCALATED, SIM_TOUCHED } SimState;

typedef struct {
	SimState state;
	int owner;               /* -1: nobody */
	Rule rule;               /* SIM_WAITING: why */
	int hops;
	bool was_escalated;
	int64_t touched_ms;      /* SIM_TOUCHED */
	int64_t waited_ms;       /* time without an owner */
} SimResult;

typedef struct {
	int got, missed, peak, freezes;
} SimPerson;

typedef struct {
	SimResult *results;      /* one a lead */
	SimPerson *people;
	int64_t from_ms, until_ms;
	int steps;               /* things that happened */
} SimOutcome;

/* The outcome hangs on ctx. */
SimOutcome *sim_run(TALLOC_CTX *ctx, const SimInput *input);
