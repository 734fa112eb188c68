/* Whether what is sealed opens: each secret is tried with the key file as it lies on the disk, and whose does not is
 * told with the place where it is entered again. */
#include "modules/care/doctor_int.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "base/json.h"
#include "base/keyring.h"

#define NAMED_MAX 20 /* the others are counted */

/* Where a secret is entered, as a whole sentence about %s. */
typedef struct {
	const char *en, *zh;
} Spot;

#define DOES_NOT_OPEN " does not open with the key file: enter it again there, or put the right secret.key back."
#define OPENS_NOT "无法用密钥文件解开：请在那里重新填写，或放回正确的 secret.key。"

static const Spot spot_channel = {
	"The secret of the channel \"%s\" (Settings, Channels)" DOES_NOT_OPEN,
	"渠道“%s”的密钥（设置 → 消息渠道）" OPENS_NOT,
};
static const Spot spot_callback = {
	"The token or key of the push of the source \"%s\" (Settings, Sources)" DOES_NOT_OPEN,
	"来源“%s”的回调密钥（设置 → 来源）" OPENS_NOT,
};
static const Spot spot_imap = {
	"The password of the mailbox of the source \"%s\" (Settings, Sources)" DOES_NOT_OPEN,
	"来源“%s”收取邮箱的密码（设置 → 来源）" OPENS_NOT,
};
static const Spot spot_kf = {
	"The secret of 微信客服 of the source \"%s\" (Settings, Sources)" DOES_NOT_OPEN,
	"来源“%s”的微信客服 Secret（设置 → 来源）" OPENS_NOT,
};

typedef struct Owner {
	struct Owner *next;
	Id subject;
	const char *name;
	const Spot *spot;
} Owner;

typedef struct {
	Doctor *d;
	Keyring *keyring;
	Owner *owners;
	int64_t n, closed;
} Secrets;

/* ---- whose ---- */

static bool hex_read(const char *hex, void *ret, size_t max, size_t *ret_len)
{
	return hex && sodium_hex2bin(ret, max, hex, strlen(hex), NULL, ret_len, NULL) == 0;
}

static void owner_add(Secrets *s, Id subject, const char *name, const Spot *spot)
{
	Owner *owner = talloc_zero(s->d->ctx, Owner);
	*owner = (Owner){s->owners, subject, talloc_strdup(owner, name), spot};
	s->owners = owner;
}

static bool channel_read(void *arg, const char *const *cells, int n)
{
	Id id;
	size_t len = 0;
	(void)n;
	if (hex_read(cells[0], id.byte, sizeof id.byte, &len) && len == sizeof id.byte)
		owner_add(arg, id, cells[1], &spot_channel);
	return true;
}

/* The push is sealed by the source itself, the box it is fetched from by an id of its own. */
static bool source_read(void *arg, const char *const *cells, int n)
{
	Id id;
	size_t len = 0;
	JsonFault fault;
	Secrets *s = arg;
	(void)n;
	if (!hex_read(cells[0], id.byte, sizeof id.byte, &len) || len != sizeof id.byte)
		return true;
	owner_add(s, id, cells[1], &spot_callback);
	const json_t *box = cells[2] ? json_parse(s->d->ctx, cells[2], strlen(cells[2]), &fault) : NULL;
	const char *kind = box ? json_text(box, "kind") : NULL;
	if (box && !id_is_nil(json_id(box, "secret")))
		owner_add(s, json_id(box, "secret"), cells[1], kind && strcmp(kind, "wecom_kf") == 0 ? &spot_kf : &spot_imap);
	return true;
}

static const Owner *owner_find(const Secrets *s, Id subject)
{
	for (const Owner *owner = s->owners; owner; owner = owner->next)
		if (id_equal(owner->subject, subject))
			return owner;
	return NULL;
}

static int owners_load(Secrets *s, Inspection *look)
{
	bool postgres = inspect_is_postgres(look);
	int r = inspect_rows(look,
	                     postgres ? "SELECT encode(uuid_send(id), 'hex'), name FROM channel WHERE deleted_at IS NULL"
	                              : "SELECT hex(id), name FROM channel WHERE deleted_at IS NULL",
	                     channel_read, s);
	return r < 0 ? r
	             : inspect_rows(look,
	                            postgres ? "SELECT encode(uuid_send(id), 'hex'), name, inbox FROM source "
	                                       "WHERE deleted_at IS NULL"
	                                     : "SELECT hex(id), name, inbox FROM source WHERE deleted_at IS NULL",
	                            source_read, s);
}

/* ---- tried ---- */

static void closed_tell(Secrets *s, const Owner *owner)
{
	Doctor *d = s->d;
	if (++s->closed > NAMED_MAX)
		return;
	said_set(d->ctx, doctor_add(d, "secret_closed", true), 0, owner->spot->en, owner->spot->zh, owner->name);
}

/* One whose owner is gone is of no use to anybody, and no trouble. */
static bool secret_read(void *arg, const char *const *cells, int n)
{
	Secrets *s = arg;
	Id subject;
	size_t len = 0, room = cells[1] ? strlen(cells[1]) / 2 : 0;
	TALLOC_CTX *mem = talloc_new(s->d->ctx);
	Sealed sealed = {.bytes = talloc_array(mem, uint8_t, room + 1)};
	assert(n == 2);
	bool whole = hex_read(cells[0], subject.byte, sizeof subject.byte, &len) && len == sizeof subject.byte;
	const Owner *owner = whole ? owner_find(s, subject) : NULL;
	if (owner) {
		s->n++;
		char *text = hex_read(cells[1], sealed.bytes, room + 1, &sealed.len) && s->keyring
		               ? keyring_unseal(s->keyring, mem, subject.byte, sizeof subject.byte, &sealed)
		               : NULL;
		if (text)
			sodium_memzero(text, strlen(text));
		else
			closed_tell(s, owner);
	}
	talloc_free(mem);
	return true;
}

/* The file itself; false when there is nothing to try with. */
static bool look_at_file(Doctor *d, Keyring **ret)
{
	char *error = NULL, *path = talloc_asprintf(d->ctx, "%s/secret.key", d->config->house.data_dir);
	if (access(path, F_OK) < 0)
		said_set(d->ctx, doctor_add(d, "secret_key", true), 0,
		    "%s is missing: what is sealed with it cannot be read. Put it back from a backup, or enter the secrets "
		    "again.",
		    "缺少 %s，用它加密的密钥无法读取。请从备份恢复，或重新填写这些密钥。", path);
	else if (access(path, R_OK) < 0)
		said_fault(d->ctx, doctor_add(d, "secret_key", true), 0, errno,
		    "%s cannot be read: %s. Check its owner; its mode is 0600.",
		    "%s 无法读取：%s。请检查所有者，权限应为 0600。", path);
	else if (!(*ret = keyring_open(d->ctx, d->config->house.data_dir, &error)))
		said_set(d->ctx, doctor_add(d, "secret_key", true), 0,
		    "%s is damaged. Put it back from a backup, or move it away and enter the secrets again.",
		    "%s 已损坏。请从备份恢复，或把它移走并重新填写密钥。", path);
	return *ret != NULL;
}

void doctor_secrets(Doctor *d, Inspection *look)
{
	Secrets s = {.d = d};
	int64_t rows = 0;
	char *path = talloc_asprintf(d->ctx, "%s/secret.key", d->config->house.data_dir);
	if (inspect_number(look, "SELECT count(*) FROM secret", &rows) < 0 || (rows == 0 && access(path, F_OK) < 0))
		return;
	bool file = look_at_file(d, &s.keyring); /* no house starts with a file that is none, also when nothing is sealed */
	int r = owners_load(&s, look);
	if (r == 0)
		r = inspect_rows(look,
		                 inspect_is_postgres(look)
		                   ? "SELECT encode(uuid_send(subject), 'hex'), encode(sealed, 'hex') FROM secret"
		                   : "SELECT hex(subject), hex(sealed) FROM secret",
		                 secret_read, &s);
	if (s.closed > NAMED_MAX)
		said_set(d->ctx, doctor_add(d, "secret_closed", true), 0, "%lld more secrets do not open either",
		    "另有 %lld 个密钥也无法解开", (long long)(s.closed - NAMED_MAX));
	if (r == 0 && file && rows > 0 && s.closed == 0)
		said_set(d->ctx, doctor_add(d, "secret_key", false), 0, "All %lld secrets open with the key file",
		    "%lld 个密钥都能用密钥文件解开", (long long)s.n);
	talloc_free(s.keyring);
}
