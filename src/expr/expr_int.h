/* Shared inside expr/: the tree, the table of operations, the parts of the parser. */
#pragma once

#include "base/limits.h"
#include "expr/expr.h"

/* The tree is a little flatter than parentheses may nest, so that its JSON stays within a writer's 63 levels. */
#define EXPR_TREE_DEPTH (LIMIT_EXPR_DEPTH - 4)
#define EXPR_SCALE_MAX 10

typedef enum {
	OP_OR, OP_AND, OP_NOT,
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN,
	OP_JOIN, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_NEG,
	OP_IF, OP_COALESCE, OP_ISBLANK,
	OP_CONTAINS, OP_STARTS_WITH, OP_ENDS_WITH, OP_LEN, OP_LOWER, OP_UPPER, OP_TRIM,
	OP_NOW, OP_TODAY, OP_DATE, OP_DAYS_SINCE, OP_HOURS_SINCE, OP_ME,
	OP_COUNT,
} Op;

/* One row an operation: everything a parser, printer or reader of errors wants to know. */
typedef struct {
	const char *name;    /* English, as a call and in the AST */
	const char *zh;      /* Chinese name of the call, or NULL */
	const char *symbol;  /* between or before operands; NULL: calls only */
	int binding;         /* of the symbol; higher binds tighter */
	int min, max;        /* arguments of the call; -1: not callable by name */
} OpInfo;

extern const OpInfo expr_ops[OP_COUNT];
/* The operation called so in either language, any case; OP_COUNT if none. */
Op op_find(const char *name, size_t len);

#define BINDING_NOT 3
#define BINDING_COMPARE 4
#define BINDING_NEG 8
#define BINDING_ATOM 9

typedef enum { NODE_LITERAL, NODE_FIELD, NODE_OP } NodeKind;

typedef struct Node {
	NodeKind kind;
	Op op;                 /* NODE_OP */
	ExprType type;         /* set by the checker */
	uint8_t scale;         /* EXPR_DECIMAL: at most this many digits after the point */
	bool is_date;          /* EXPR_TEXT of the form 2026-11-23 */
	int depth;             /* of the subtree */
	size_t at;             /* byte offset in the text, for faults */
	Value literal;         /* NODE_LITERAL */
	const FieldDef *field; /* NODE_FIELD */
	struct Node **args;    /* NODE_OP */
	int n;
} Node;

struct Expr {
	Node *root;
	const char *sql_code;  /* why it cannot be SQL, or NULL */
	size_t sql_at;
	const char *text;      /* as given, to count characters for faults */
};

typedef enum { TOKEN_END, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_NAME, TOKEN_LABEL, TOKEN_SYMBOL } TokenKind;

typedef struct {
	TokenKind kind;
	size_t at, len;      /* in the source; of names and labels without brackets */
	Value value;         /* of numbers and texts */
	const char *symbol;  /* TOKEN_SYMBOL, in ASCII: full-width forms are the same symbol */
} Token;

/* One run of the parser. The first fault wins and stops everything. */
typedef struct Parse {
	TALLOC_CTX *ctx;
	const ObjectDef *object;
	const char *text;
	size_t len, pos;
	Token token;          /* the one looked at */
	int depth, nodes;
	ExprFault *fault;
	bool failed;
} Parse;

/* Keeps the first fault; returns NULL for whoever has to return a node. en and zh take the same arguments. */
void *parse_fail(Parse *p, size_t at, const char *code, const char *en, const char *zh, ...);
/* Reads the next token into p->token. False after a fault. */
bool token_next(Parse *p);
/* Characters from the start of text to the byte at. */
int token_characters(const char *text, size_t at);

Node *node_new(Parse *p, NodeKind kind, size_t at);
/* The field called so by name, or by label when in brackets; NULL and a fault with a suggestion otherwise. */
const FieldDef *name_field(Parse *p, const Token *token);
/* Types the whole tree, turning text literals into ids and times where the other side asks for it. */
bool check_tree(Parse *p, Node *root);

/* The literal's place in time, given as 2026-11-23 (start of that day) or RFC 3339; false if it is neither. */
bool time_parse_date(const char *text, size_t len, int64_t *ret_day);
bool time_parse(const char *text, size_t len, int64_t *ret_ms);
/* "2026-11-23" of the day number since 1970. */
void time_day_text(int64_t day, char out[static 16]);
/* Rounded down, also below zero. */
int64_t time_floor_div(int64_t a, int64_t b);

/* Exact arithmetic on VALUE_INT and VALUE_DECIMAL: 0 or ERR_INVALID (overflow, division by zero). op: OP_ADD ...
 * OP_DIV. */
int number_compute(Op op, const Value *a, const Value *b, Value *ret);
int number_negate(const Value *a, Value *ret);
int number_compare(const Value *a, const Value *b);
/* v * 10^digits */
__int128 number_scale_up(__int128 v, int digits);

/* NULL when the tree can be SQL; else the code, and where in *ret_at. */
const char *sql_refusal(const Node *root, size_t *ret_at);
