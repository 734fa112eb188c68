/* The system itself speaks the language of its locale, which is not that of the person who asks. */
#include "base/os_fault.h"

#include <errno.h>
#include <string.h>

static const struct {
	int err;
	const char *zh;
} faults[] = {
	{EACCES, "没有权限"},
	{EPERM, "不允许这样操作"},
	{ENOENT, "文件或文件夹不存在"},
	{ENOTDIR, "路径中有一段不是文件夹"},
	{EISDIR, "这是文件夹，不是文件"},
	{EEXIST, "已经存在"},
	{ENOTEMPTY, "文件夹不是空的"},
	{ENAMETOOLONG, "名称太长"},
	{ELOOP, "符号链接成环"},
	{EROFS, "磁盘以只读方式挂载"},
	{ENOSPC, "磁盘已满"},
	{EDQUOT, "超出磁盘配额"},
	{EFBIG, "文件太大"},
	{EIO, "磁盘读写出错"},
	{EBUSY, "正被占用"},
	{EMFILE, "本进程打开的文件太多"},
	{ENFILE, "系统打开的文件太多"},
	{ENOMEM, "内存不足"},
	{EADDRINUSE, "地址已被占用"},
	{EADDRNOTAVAIL, "本机没有这个地址"},
	{ECONNREFUSED, "连接被拒绝"},
	{ETIMEDOUT, "超时"},
};

bool is_disk_full(int err)
{
	return err == ENOSPC || err == EDQUOT || err == EFBIG;
}

const char *os_fault(int err, bool in_chinese)
{
	for (size_t i = 0; in_chinese && i < ARRAY_LEN(faults); i++)
		if (faults[i].err == err)
			return faults[i].zh;
	const char *words = strerrordesc_np(err); /* glibc: static, unlike strerror() */
	return words ? words : "?";
}
